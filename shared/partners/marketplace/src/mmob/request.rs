//! Requests to MMOB.

use bytes::Bytes;
use call::Call;
use http::{Method, Request, header};
use model::{Error, Kind, Result};
use serde::Serialize;

pub fn get(path: String, operation: &'static str) -> Result<Call> {
    call(Method::GET, path, operation, Bytes::new(), true)
}

pub fn post<T: Serialize>(path: String, operation: &'static str, body: &T, repeatable: bool) -> Result<Call> {
    let body = serde_json::to_vec(body).map_err(|error| Error::new(Kind::Internal, operation).because(error))?;
    call(Method::POST, path, operation, Bytes::from(body), repeatable)
}

fn call(method: Method, path: String, operation: &'static str, body: Bytes, repeatable: bool) -> Result<Call> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "application/json");
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request
        .body(body)
        .map_err(|error| Error::new(Kind::Internal, operation).because(error))?;
    Ok(Call {
        request,
        operation,
        repeatable,
    })
}
