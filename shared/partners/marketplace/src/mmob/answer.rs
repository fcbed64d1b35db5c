//! Parts that all readers of MMOB's answers share.

use bytes::Bytes;
use call::Answer;
use model::{Error, Kind, Result};
use serde_json::Value;

use super::refusal;

/// The body of a success, or the failure with MMOB's reasons.
pub fn accepted(answer: &Answer) -> Result<&Bytes> {
    answer.accepted().map_err(|error| refusal::explain(error, &answer.body))
}

/// `None` for a 404 of MMOB's own.
pub fn found(answer: &Answer) -> Result<Option<&Bytes>> {
    if answer.status.as_u16() == 404 && answer.body.is_empty() {
        return Ok(None);
    }
    accepted(answer).map(Some)
}

/// Refuses an answer about another id than the one in the request.
pub fn same(given: &str, wanted: &str, what: &str) -> Result<()> {
    if given == wanted {
        return Ok(());
    }
    let message = format!("MMOB answered with another {what}");
    Err(Error::new(Kind::PartnerBadResponse, message))
}

/// Text stays as it is. Any other value becomes its JSON.
pub fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
