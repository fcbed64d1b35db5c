//! How the log is searched for a quote or a proposal. Its id says when it was made, and its first call follows soon after.

use jiff::{SignedDuration, Timestamp};
use model::Result;
use model::id::CorrelationId;
use runtime::Cx;
use runtime::http::list::made_at;
use uuid::Uuid;

use super::lane::Lane;
use super::period::{LogPeriod, RETENTION};
use super::reader::{ReadBy, ReadLimits, Reader};
use crate::Env;

/// A quote or a proposal whose first call is later has waited for other calls for longer than workers retry.
const FIRST_CALL: SignedDuration = SignedDuration::from_mins(15);
/// Rows that are looked at for a first call.
const LIMITS: ReadLimits = ReadLimits {
    chunk: 100,
    rows: 2_000,
};

/// The correlation id of the calls about this subject, if its id says when it was made and one of them is found.
pub async fn correlation_of(cx: &Cx<Env>, lanes: &[Lane], subject: &str) -> Result<Option<CorrelationId>> {
    let Some(period) = first_calls(subject, cx.now()) else {
        return Ok(None);
    };
    let mut reader = Reader::new(cx, lanes.to_vec(), ReadBy::Hour, period, None, LIMITS)?;
    while let Some(rows) = reader.next().await? {
        let found = rows.iter().find(|row| row.subject_id.as_deref() == Some(subject));
        if let Some(row) = found {
            return Ok(Some(row.correlation_id));
        }
    }
    Ok(None)
}

/// When the first call about this subject was made. None if its id does not say so, or the log is not that old.
fn first_calls(subject: &str, now: Timestamp) -> Option<LogPeriod> {
    let id = Uuid::try_parse(subject).ok().filter(|id| id.get_version_num() == 7)?;
    let made = made_at(&id);
    let to = made.checked_add(FIRST_CALL).ok()?;
    LogPeriod::of(Some(made), Some(to), now, FIRST_CALL, RETENTION).ok()
}
