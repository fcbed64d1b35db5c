//! Erased subjects in the responses that idempotency keys repeat.

use model::id::{CorrelationId, ErasureId};
use model::{Error, Kind, Result};
use serde_json::Value;

use super::register::RunRow;
use super::search::SubjectSearch;
use crate::http::problem::Family;
use crate::port::clock::Clock;
use crate::port::store::{Item, Store, Written};
use crate::work::idempotency::StoredResponse;

/// Puts a 409 in place of a response that shows an erased subject. The key stays claimed until it expires, so that a client that
/// repeats its request makes nothing again.
pub(super) async fn replace(
    store: &dyn Store,
    table: &str,
    row: Item,
    (search, family, leads): (&SubjectSearch, Family, Leads),
    (run, clock): (&mut RunRow, Clock),
) -> Result<()> {
    let Some(stored) = StoredResponse::of(table, row) else {
        return Ok(());
    };
    let Some(id) = erasure(search, &stored, leads) else {
        return Ok(());
    };
    let erased = Error::new(Kind::Conflict, "An erasure has deleted the result of this request.");
    let answer = family.render(&erased, CorrelationId::new(clock.now()))?;
    // A refused write means that the key has expired and another request has claimed it.
    if store.write(vec![stored.replace(&answer)?]).await? == Written::Done
        && let Some(counts) = run.of(id)
    {
        counts.responses += 1;
    }
    Ok(())
}

/// The erasure to which a text of a response leads, or a segment of the path in its `Location`.
pub(super) type Leads = fn(&SubjectSearch, ResponsePart<'_>) -> Option<ErasureId>;

/// Where a text of a response stands.
#[derive(Clone, Copy, Debug)]
pub enum ResponsePart<'a> {
    Body(&'a str),
    Location(&'a str),
}

fn erasure(search: &SubjectSearch, stored: &StoredResponse, leads: Leads) -> Option<ErasureId> {
    let of_location = stored
        .location()
        .and_then(|path| leads(search, ResponsePart::Location(path)));
    of_location.or_else(|| {
        let body: Value = serde_json::from_str(stored.body()).ok()?;
        search.any_text(&body, &|text| {
            let by_email = search.email(text, stored.stored_at());
            by_email.or_else(|| leads(search, ResponsePart::Body(text)))
        })
    })
}
