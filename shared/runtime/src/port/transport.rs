//! The port to everything outside AWS: one request out, one response in.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use model::Result;

pub trait Transport: Send + Sync {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>>;

    /// Opens a connection to be used later.
    fn warm<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()>;
}
