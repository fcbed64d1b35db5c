//! Erased subjects in the log of partner calls.

use model::Result;
use serde::Deserialize;

use super::register::RunRow;
use super::search::SubjectSearch;
use crate::port::eraser::Eraser;
use crate::port::store::{Item, Key, typed};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoggedCall {
    partner: String,
    #[serde(default)]
    subject_id: Option<String>,
}

/// Deletes the row of a call about a subject that an erasure has found. `is_own` is true for the partners of the run's domain:
/// another partner's ids are other things.
pub(super) async fn erase(
    eraser: &dyn Eraser,
    table: &str,
    row: Item,
    (search, is_own): (&SubjectSearch, fn(&str) -> bool),
    run: &mut RunRow,
) -> Result<()> {
    let key = Key::of(table, &row);
    // The table has audits of redrives too, which name no partner.
    let Ok(call) = typed::<LoggedCall>(row) else {
        return Ok(());
    };
    let found = call.subject_id.filter(|_| is_own(&call.partner));
    let Some(id) = found.and_then(|subject| search.subject(&subject)) else {
        return Ok(());
    };
    eraser.delete(&key).await?;
    if let Some(counts) = run.of(id) {
        counts.log_rows += 1;
    }
    Ok(())
}
