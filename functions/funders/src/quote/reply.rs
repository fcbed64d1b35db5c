//! The responses to a request for a quote.

use std::time::Duration;

use http::header;
use jiff::Timestamp;
use model::Result;
use model::quote::{QuoteRequest, QuoteStatus};
use runtime::{Reply, Success};
use serde::Serialize;

use super::row::QuoteRow;
use super::view::QuoteView;
use crate::dry_run::DryRun;

/// The longest `Retry-After` that a caller gets, in seconds.
const MAX_RETRY_AFTER: u64 = 3600;

/// A quote, or the requests of a dry run.
#[derive(Serialize)]
#[serde(untagged)]
pub enum QuoteOrDryRun {
    Quote(Box<QuoteView>),
    DryRun(DryRun),
}

pub type QuoteReply = Reply<Success<QuoteOrDryRun>>;

pub fn dry_run(dry_run: DryRun) -> QuoteReply {
    Reply::ok(Success::new(QuoteOrDryRun::DryRun(dry_run), "Nothing was sent"))
}

pub fn created(row: &QuoteRow, request: &QuoteRequest, now: Timestamp) -> QuoteReply {
    let message = format!("Quote generated successfully with {}", row.funder_name);
    located(Reply::created(Success::new(view(row, request, now), message)), row)
}

/// `wait` is how long the funder asked to be left alone.
pub fn accepted(row: &QuoteRow, request: &QuoteRequest, now: Timestamp, wait: Option<Duration>) -> QuoteReply {
    let message = format!("Quote accepted; waiting for {}", row.funder_name);
    let reply = located(Reply::accepted(Success::new(view(row, request, now), message)), row);
    match wait {
        Some(wait) => reply.header(header::RETRY_AFTER, wait.as_secs().min(MAX_RETRY_AFTER).to_string()),
        None => reply,
    }
}

/// The response to an earlier call with the same key, from its row as it is now.
pub fn replayed(row: &QuoteRow, request: &QuoteRequest, now: Timestamp) -> Result<QuoteReply> {
    match (row.status, &row.failure) {
        (QuoteStatus::Pending, _) => Ok(accepted(row, request, now, None)),
        (QuoteStatus::Failed, Some(failure)) => Err(failure.to_error().about(row.id)),
        _ => Ok(created(row, request, now)),
    }
}

fn view(row: &QuoteRow, request: &QuoteRequest, now: Timestamp) -> QuoteOrDryRun {
    QuoteOrDryRun::Quote(Box::new(QuoteView::of(row, &request.contract_details, now)))
}

fn located(reply: QuoteReply, row: &QuoteRow) -> QuoteReply {
    reply.header(header::LOCATION, format!("/api/integration/quotes/{}/status", row.id))
}
