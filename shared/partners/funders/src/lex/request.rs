//! Requests to LEX.

use bytes::Bytes;
use http::{Method, Request, header};
use model::id::CorrelationId;
use model::{Error, Kind, Result};

pub fn build(method: Method, path: &str, correlation: Option<CorrelationId>, body: Bytes) -> Result<Request<Bytes>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(correlation) = correlation {
        request = request.header("x-lbg-request-id", correlation.to_string());
    }
    request
        .body(body)
        .map_err(|error| Error::new(Kind::Internal, "a request to LEX").because(error))
}
