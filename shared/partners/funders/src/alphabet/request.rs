//! Requests to Codeweavers.

use bytes::Bytes;
use call::Call;
use http::{Method, Request, header};
use model::{Error, Kind, Result};
use serde::Serialize;

pub fn get(path: &str, operation: &'static str) -> Result<Call> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|error| Error::new(Kind::Internal, operation).because(error))?;
    Ok(Call {
        request,
        operation,
        repeatable: true,
    })
}

pub fn post<T: Serialize>(path: &str, operation: &'static str, body: &T, repeatable: bool) -> Result<Call> {
    let body = serde_json::to_vec(body).map_err(|error| Error::new(Kind::Internal, operation).because(error))?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body))
        .map_err(|error| Error::new(Kind::Internal, operation).because(error))?;
    Ok(Call {
        request,
        operation,
        repeatable,
    })
}
