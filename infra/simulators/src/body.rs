//! Reads request bodies up to a limit.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;

use crate::answer;

/// A proposal carries up to 3 MiB of documents, which are 4 MiB in base64.
const MAX_BODY_BYTES: usize = 6 * 1024 * 1024;
/// A body over the limit is read on to here: a client that is cut off while it sends sees a reset instead of the 413.
const MAX_READ_BYTES: usize = 2 * MAX_BODY_BYTES;

/// Returns the whole body, or the 413 response.
pub async fn read(body: Body) -> Result<Bytes, Box<Response>> {
    match axum::body::to_bytes(body, MAX_READ_BYTES).await {
        Ok(body) if body.len() <= MAX_BODY_BYTES => Ok(body),
        // `Err` is a body over `MAX_READ_BYTES`, or a client that has disconnected and reads no response.
        Ok(_) | Err(_) => Err(Box::new(answer::error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "TOO_LARGE",
            "the body is over 6 MiB",
        ))),
    }
}
