//! The interface that each simulated partner implements.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use jiff::Timestamp;

use crate::proposals::Proposals;

/// A request as it arrived. `at` is the only clock that a partner reads, so that tests can move it.
pub struct IncomingRequest {
    pub at: Timestamp,
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl IncomingRequest {
    /// The segments of the path. The first one is the partner's name.
    pub fn segments(&self) -> Vec<&str> {
        self.uri.path().trim_start_matches('/').split('/').collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// One external system. Its paths are below `/{name}`, and it keeps its own state.
pub trait Partner: Send + Sync {
    fn name(&self) -> &'static str;
    /// Every name that `operation` can return. Tests can script these.
    fn operations(&self) -> &'static [&'static str];
    /// The operation that the request calls. `None` if it calls none.
    fn operation(&self, request: &IncomingRequest) -> Option<&'static str>;
    /// Serves the request as the real partner would, also one that calls no operation.
    fn answer(&self, request: &IncomingRequest) -> Response;
    /// The proposals that the partner has accepted. `None` if it takes no proposals.
    fn proposals(&self) -> Option<&Proposals> {
        None
    }
    /// The secret that signs the partner's webhooks. `None` if it sends no webhooks.
    fn webhook_secret(&self) -> Option<&str> {
        None
    }
    /// Serves `/_control/{name}/state/{resource}`, with which tests read and set other state. `None` becomes a 404.
    fn control_state(&self, _method: &Method, _resource: &str, _body: &[u8]) -> Option<Response> {
        None
    }
    /// The partner's own routes below `/_control/{name}`, for control requests that need async handlers.
    fn control_routes(&self) -> Router {
        Router::new()
    }
}
