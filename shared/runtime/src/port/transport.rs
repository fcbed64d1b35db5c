//! The port to everything outside AWS: one request out, one response in.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use model::Result;

/// The most bytes that an answer may have, unless its target allows more.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Marks a request, as an extension, whose address an admin chose. The address of any other request is configured.
#[derive(Clone, Copy, Debug)]
pub struct Callback;

pub trait Transport: Send + Sync {
    /// Refuses an answer of more than `max_bytes`.
    fn send(&self, request: Request<Bytes>, max_bytes: usize) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>>;

    /// Sends a message whose response is its status and headers. Its body, however long or slow, is not read.
    fn notify(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap)>> {
        Box::pin(async move {
            let (status, headers, _) = self.send(request, MAX_ANSWER_BYTES).await?;
            Ok((status, headers))
        })
    }

    /// Opens a connection to be used later.
    fn warm<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()>;
}
