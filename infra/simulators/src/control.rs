//! The control plane: `/_control/{partner}/{operation}` scripts every operation of every partner and lists its calls.
//!
//! - `PUT` replaces the operation's script (see [`crate::script`]) and answers `{"scripted": n}`.
//! - `GET .../calls` lists the calls in order of arrival. `status` is null until the partner has answered, and stays
//!   null after a reset.
//! - `PUT` and `GET .../calls` take `?correlation=ID`: the script is then for the calls with this `x-correlation-id` only,
//!   and the list has only those calls. Tests that run at the same time script a partner without disturbing each other.
//! - `GET /_control/calls` counts the calls: `{partner: {operation: n}}`. The counts include calls that are no longer
//!   listed.
//! - `DELETE` forgets the script and the calls of one operation, `DELETE /_control/{partner}` those of one partner, and
//!   `DELETE /_control` those of all partners. None of them changes a partner's own state (its quotes, proposals and
//!   numbering).
//!
//! Other paths:
//!
//! - `GET /_control/{partner}/searches` counts the credit searches for each of the hub's references.
//! - `PUT /_control/{partner}/proposals/{reference}` decides a proposal (see [`crate::proposals`]).
//! - `/_control/{partner}/state/...` reads and sets a partner's own state (see [`crate::bqs`]).
//! - `/_control/mmob/orders` places orders (see [`crate::mmob`]).
//! - `POST /_control/webhooks` sends a webhook (see [`crate::webhook`]).
//! - `/_control/receivers/...` sets up an endpoint of a subscriber and shows what it got (see [`crate::receiver`]).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use crate::answer;
use crate::body;
use crate::proposals::{Decision, Proposals};
use crate::recorder::RecordedCall;
use crate::script;
use crate::state::AppState;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallFilter {
    correlation: Option<String>,
}

pub async fn script(
    State(state): State<Arc<AppState>>,
    Path((partner, operation)): Path<(String, String)>,
    Query(filter): Query<CallFilter>,
    request: Request,
) -> Response {
    let key = match state.recorder.key(&partner, &operation) {
        Ok(key) => key,
        Err(not_found) => return *not_found,
    };
    let body = match body::read(request.into_body()).await {
        Ok(body) => body,
        Err(refusal) => return *refusal,
    };
    match script::read(&body) {
        Ok(steps) => {
            let scripted = steps.len();
            state.recorder.set_script(key, filter.correlation, steps);
            answer::json(StatusCode::OK, &json!({ "scripted": scripted }))
        }
        Err(reason) => answer::error(StatusCode::BAD_REQUEST, "BAD_SCRIPT", reason),
    }
}

pub async fn calls(
    State(state): State<Arc<AppState>>,
    Path((partner, operation)): Path<(String, String)>,
    Query(filter): Query<CallFilter>,
) -> Response {
    match state.recorder.key(&partner, &operation) {
        Ok(key) => {
            let calls = state.recorder.calls(key, filter.correlation.as_deref());
            let calls: Vec<&RecordedCall> = calls.iter().map(AsRef::as_ref).collect();
            answer::json(StatusCode::OK, &calls)
        }
        Err(not_found) => *not_found,
    }
}

pub async fn counts(State(state): State<Arc<AppState>>) -> Response {
    answer::json(StatusCode::OK, &state.recorder.counts())
}

pub async fn searches(State(state): State<Arc<AppState>>, Path(partner): Path<String>) -> Response {
    match proposals(&state, &partner) {
        Ok(proposals) => answer::json(StatusCode::OK, &proposals.searches()),
        Err(not_found) => *not_found,
    }
}

fn proposals<'a>(state: &'a AppState, partner: &str) -> Result<&'a Proposals, Box<Response>> {
    let proposals = state.partner(partner)?.proposals();
    proposals.ok_or_else(|| Box::new(answer::not_found(format!("{partner} takes no proposals"))))
}

pub async fn state(
    State(state): State<Arc<AppState>>,
    Path((partner, resource)): Path<(String, String)>,
    method: Method,
    body: Bytes,
) -> Response {
    let response = state
        .partner(&partner)
        .map(|partner| partner.control_state(&method, &resource, &body));
    match response {
        Ok(Some(response)) => response,
        Ok(None) => answer::not_found(format!("{partner} has no state {resource} for {method}")),
        Err(not_found) => *not_found,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionRequest {
    status: Decision,
    reason: Option<String>,
}

pub async fn decide(
    State(state): State<Arc<AppState>>,
    Path((partner, reference)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let proposals = match proposals(&state, &partner) {
        Ok(proposals) => proposals,
        Err(not_found) => return *not_found,
    };
    let DecisionRequest { status, reason } = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return answer::error(StatusCode::BAD_REQUEST, "BAD_DECISION", error.to_string()),
    };
    if proposals.decide(&reference, status, reason) {
        answer::json(StatusCode::OK, &json!({ "status": status }))
    } else {
        answer::not_found(format!("{partner} has no proposal {reference}"))
    }
}

pub async fn clear(State(state): State<Arc<AppState>>, Path((partner, operation)): Path<(String, String)>) -> Response {
    match state.recorder.key(&partner, &operation) {
        Ok(key) => {
            state.recorder.clear(key);
            cleared()
        }
        Err(not_found) => *not_found,
    }
}

pub async fn clear_partner(State(state): State<Arc<AppState>>, Path(partner): Path<String>) -> Response {
    match state.partner(&partner) {
        Ok(partner) => {
            state.recorder.clear_partner(partner.name());
            cleared()
        }
        Err(not_found) => *not_found,
    }
}

pub async fn clear_all(State(state): State<Arc<AppState>>) -> Response {
    state.recorder.clear_all();
    cleared()
}

fn cleared() -> Response {
    answer::json(StatusCode::OK, &json!({ "scripted": 0 }))
}
