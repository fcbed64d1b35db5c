//! Takes the calls: finds the partner and its operation, does what was scripted, else lets the partner answer.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post, put};
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;

use crate::answer;
use crate::control::{self, Board};
use crate::proposals::Proposals;
use crate::provider;
use crate::script::Act;
use crate::socket::{Door, Hangup};
use crate::webhook;

/// A proposal brings documents: 3 MiB of them are 4 MiB of base64.
const LARGEST_REQUEST: usize = 6 * 1024 * 1024;
/// How much of a request that is too large is still read: a client that is cut off while it sends sees a reset
/// instead of the 413.
const LARGEST_READ: usize = 2 * LARGEST_REQUEST;

/// A request as it arrived. `at` is the only clock a partner sees, so that its tests can move it.
pub struct Asked {
    pub at: Timestamp,
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    /// The parts of the path; the first one is the partner's name.
    pub fn segments(&self) -> Vec<&str> {
        self.uri.path().trim_start_matches('/').split('/').collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// One external system. It lives below `/{name}` and keeps its own state.
pub trait Partner: Send + Sync {
    fn name(&self) -> &'static str;
    /// Every name that `operation` can give: these can be scripted.
    fn operations(&self) -> &'static [&'static str];
    /// Which operation a request is, from whatever tells them apart; `None` when it is none.
    fn operation(&self, asked: &Asked) -> Option<&'static str>;
    /// Normal service, also for a request that is no operation.
    fn answer(&self, asked: &Asked) -> Response;
    /// What was proposed, to a partner that takes proposals.
    fn proposals(&self) -> Option<&Proposals> {
        None
    }
    /// Signs the webhooks that the partner sends, if it sends any.
    fn webhook_secret(&self) -> Option<&str> {
        None
    }
    /// `/_control/{name}/state/{what}`: what else tests may see or set of a partner. None is 404.
    fn state(&self, _method: &Method, _what: &str, _body: &[u8]) -> Option<Response> {
        None
    }
    /// Routes of its own below `/_control/{name}`, for what takes time.
    fn doors(&self) -> Router {
        Router::new()
    }
}

pub struct Stage {
    partners: Vec<Box<dyn Partner>>,
    pub board: Board,
}

impl Stage {
    /// The partner, or a refusal that names those that exist.
    pub fn partner(&self, name: &str) -> Result<&dyn Partner, Box<Response>> {
        let found = self.partners.iter().find(|partner| partner.name() == name);
        found.map(AsRef::as_ref).ok_or_else(|| {
            let known: Vec<_> = self.partners.iter().map(|partner| partner.name()).collect();
            let message = format!("no partner {name}; known: {}", known.join(", "));
            Box::new(answer::error(StatusCode::NOT_FOUND, "NOT_FOUND", message))
        })
    }
}

pub async fn serve(listener: TcpListener, partners: Vec<Box<dyn Partner>>) -> io::Result<()> {
    let service = router(partners).into_make_service_with_connect_info::<Hangup>();
    axum::serve(Door(listener), service).await
}

fn router(partners: Vec<Box<dyn Partner>>) -> Router {
    let board = Board::new(partners.iter().flat_map(|partner| {
        let name = partner.name();
        partner.operations().iter().map(move |operation| (name, *operation))
    }));
    let doors = partners.iter().map(|partner| partner.doors());
    let doors = doors.fold(provider::doors(), Router::merge);
    Router::new()
        .route("/_health", get(health))
        .route("/_control", delete(control::clear_all))
        .route("/_control/calls", get(control::counts))
        .route("/_control/webhooks", post(webhook::send))
        .route("/_control/{partner}/searches", get(control::searches))
        .route("/_control/{partner}/proposals/{reference}", put(control::decide))
        .route("/_control/{partner}/state/{what}", any(control::state))
        .route(
            "/_control/{partner}/{operation}",
            put(control::script).delete(control::clear),
        )
        .route("/_control/{partner}/{operation}/calls", get(control::calls))
        .fallback(take)
        .with_state(Arc::new(Stage { partners, board }))
        .merge(doors)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::map_response(mark))
}

async fn health() -> Response {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}

async fn no_such_method() -> Response {
    answer::error(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "this path does not take that method",
    )
}

/// Nobody may take a simulated answer for a real one.
async fn mark(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-simulated"), HeaderValue::from_static("true"));
    response
}

/// The body of a request, or the refusal.
pub async fn read(body: Body) -> Result<Bytes, Box<Response>> {
    match axum::body::to_bytes(body, LARGEST_READ).await {
        Ok(body) if body.len() <= LARGEST_REQUEST => Ok(body),
        // An error is a body beyond even that, or a client that left, to whom it does not matter what we say.
        Ok(_) | Err(_) => Err(Box::new(answer::error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "TOO_LARGE",
            "the body is over 6 MiB",
        ))),
    }
}

async fn take(State(stage): State<Arc<Stage>>, ConnectInfo(hangup): ConnectInfo<Hangup>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let (body, refusal) = match read(body).await {
        Ok(body) => (body, None),
        Err(refusal) => (Bytes::new(), Some(*refusal)),
    };
    let asked = Asked {
        at: now(),
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body,
    };
    // On a task of its own, because a partner goes on with what it received when its caller has given up.
    match tokio::spawn(perform(stage, asked, refusal, hangup)).await {
        Ok(response) => response,
        Err(error) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, "SANDBOX_FAILED", error.to_string()),
    }
}

async fn perform(stage: Arc<Stage>, asked: Asked, refusal: Option<Response>, hangup: Hangup) -> Response {
    let segments = asked.segments();
    let partner = match stage.partner(segments.first().copied().unwrap_or_default()) {
        Ok(partner) => partner,
        Err(refusal) => return *refusal,
    };
    let Some(operation) = partner.operation(&asked) else {
        return refusal.unwrap_or_else(|| partner.answer(&asked));
    };
    let arrival = stage.board.arrive(partner.name(), operation, &asked, refusal.is_none());
    let served = arrival.served.then(|| partner.answer(&asked));
    tokio::time::sleep(arrival.delay).await;
    let response = match (refusal, arrival.act) {
        (Some(refusal), _) => refusal,
        (None, Act::Normal) => served.unwrap_or_else(|| partner.answer(&asked)),
        (None, Act::Reply(reply)) => reply.into_response(),
        (None, Act::Reset) => {
            hangup.reset();
            return Response::default();
        }
    };
    arrival.call.answered(response.status());
    response
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator has no Cx; this is the one place that reads the clock"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
