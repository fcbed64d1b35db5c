//! Notices that partners post to a webhook. Each is verified, stored once and given to a worker.
//!
//! The partner repeats a notice until it gets a 2xx, and a repeated notice sends the worker's message again if the work is not
//! done. So here the row goes before the message. The row's id contains the partner's name and the environment whose secret
//! verified the notice, or its table has one of them only, because two senders may give two notices the same id.

use model::Result;

use super::row::{Row, Table};

/// A notice that is stored.
pub enum Received<R> {
    New(R),
    /// There was a row with this id before. The two may differ.
    Repeated {
        stored: R,
        posted: R,
    },
}

/// Stores a notice, unless it is stored. None if `read` finds that the hub does not use it.
///
/// `verified` comes first: of a notice that the partner did not post, nothing is read, stored or compared.
pub async fn receive<V, R: Row>(
    table: Table<'_>,
    verified: impl Future<Output = Result<V>>,
    read: impl FnOnce(V) -> Result<Option<R>>,
) -> Result<Option<Received<R>>> {
    let verified = verified.await?;
    let Some(posted) = read(verified)? else {
        return Ok(None);
    };
    Ok(Some(match posted.insert(table).await? {
        None => Received::New(posted),
        Some(stored) => Received::Repeated { stored, posted },
    }))
}
