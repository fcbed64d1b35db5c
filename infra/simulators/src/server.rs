//! Routes requests. A call to a partner's operation follows the operation's script, or else the partner serves it.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post, put};
use serde_json::json;
use tokio::net::TcpListener;

use crate::answer;
use crate::body;
use crate::clock;
use crate::control;
use crate::partner::{IncomingRequest, Partner};
use crate::provider;
use crate::receiver;
use crate::script::Action;
use crate::socket::{ResetHandle, ResettableListener};
use crate::state::AppState;
use crate::webhook;

pub async fn serve(listener: TcpListener, partners: Vec<Box<dyn Partner>>) -> io::Result<()> {
    let service = router(partners).into_make_service_with_connect_info::<ResetHandle>();
    axum::serve(ResettableListener(listener), service).await
}

fn router(partners: Vec<Box<dyn Partner>>) -> Router {
    let own_routes = partners.iter().map(|partner| partner.control_routes());
    let own_routes = own_routes.fold(provider::routes().merge(receiver::routes()), Router::merge);
    Router::new()
        .route("/_health", get(health))
        .route("/_control", delete(control::clear_all))
        .route("/_control/calls", get(control::counts))
        .route("/_control/webhooks", post(webhook::send))
        .route("/_control/{partner}", delete(control::clear_partner))
        .route("/_control/{partner}/searches", get(control::searches))
        .route("/_control/{partner}/proposals/{reference}", put(control::decide))
        .route("/_control/{partner}/state/{resource}", any(control::state))
        .route(
            "/_control/{partner}/{operation}",
            put(control::script).delete(control::clear),
        )
        .route("/_control/{partner}/{operation}/calls", get(control::calls))
        .fallback(handle)
        .with_state(Arc::new(AppState::new(partners)))
        .merge(own_routes)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::map_response(mark_simulated))
}

async fn health() -> Response {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}

async fn method_not_allowed() -> Response {
    answer::error(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "this path does not take that method",
    )
}

/// Makes sure that no caller mistakes a simulated response for a real one.
async fn mark_simulated(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-simulated"), HeaderValue::from_static("true"));
    response
}

async fn handle(
    State(state): State<Arc<AppState>>,
    ConnectInfo(connection): ConnectInfo<ResetHandle>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let (body, refusal) = match body::read(body).await {
        Ok(body) => (body, None),
        Err(refusal) => (Bytes::new(), Some(*refusal)),
    };
    let request = IncomingRequest {
        at: clock::now(),
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body,
    };
    // On its own task, because a real partner completes a request even if its caller disconnects.
    match tokio::spawn(respond(state, request, refusal, connection)).await {
        Ok(response) => response,
        Err(error) => answer::failed(&error),
    }
}

async fn respond(
    state: Arc<AppState>,
    request: IncomingRequest,
    refusal: Option<Response>,
    connection: ResetHandle,
) -> Response {
    let segments = request.segments();
    let partner = match state.partner(segments.first().copied().unwrap_or_default()) {
        Ok(partner) => partner,
        Err(not_found) => return *not_found,
    };
    let Some(operation) = partner.operation(&request) else {
        return refusal.unwrap_or_else(|| partner.answer(&request));
    };
    let planned = state
        .recorder
        .record((partner.name(), operation), &request, refusal.is_none());
    let served = planned.served.then(|| partner.answer(&request));
    tokio::time::sleep(planned.delay).await;
    let response = match (refusal, planned.action) {
        (Some(refusal), _) => refusal,
        (None, Action::Normal) => served.unwrap_or_else(|| partner.answer(&request)),
        (None, Action::Reply(reply)) => reply.into_response(),
        (None, Action::Reset) => {
            connection.reset();
            return Response::default();
        }
    };
    planned.call.set_status(response.status());
    response
}
