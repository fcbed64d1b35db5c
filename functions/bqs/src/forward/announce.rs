//! Publishes that a case's change is held, and that it goes on.

use std::time::Duration;

use model::Result;
use model::id::EventId;
use runtime::Cx;
use runtime::port::bus::Event;
use runtime::work::row::Row;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::held::{HoldNotice, HoldReason};
use super::row::ForwardRow;
use super::wake::ForwarderWake;
use crate::Env;
use crate::case::parts::CasePart;
use crate::case::row::{CaseRow, Sequence};

/// The data of a case's events.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseEventData<'a> {
    /// The case's number.
    #[schema(value_type = u64, minimum = 1)]
    sequence: Sequence,
    /// The channel that created the case. Absent if the hub no longer has the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    channel_name: Option<&'a str>,
    /// The case's dealer. Absent if the hub no longer has the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    dealer: Option<i64>,
    /// The number of the held change, from 1 for the case's creation.
    change: u64,
    /// The subject of the change. Absent if the hub no longer has the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    part: Option<CasePart>,
    /// The reason for the hold.
    reason: HoldReason,
}

/// Publishes what the stored row has to announce. An event's id depends only on what it announces, so that subscribers recognise
/// an event that a crash repeats.
///
/// A worker that sends changes announces at its end. Another one leaves the row alone meanwhile: the sender would lose its lease.
pub async fn announce(cx: &Cx<Env>, sequence: Sequence) -> Result<()> {
    let rows = cx.env.table()?;
    let row = ForwardRow::load(rows, &sequence).await?;
    let Some(mut row) = row.filter(|row| !row.notices.is_empty() && row.lease_left(cx.now()).is_none()) else {
        return Ok(());
    };
    let case = CaseRow::load(rows, &sequence).await?;
    let events = row.notices.iter().map(|notice| event(sequence, case.as_ref(), notice));
    cx.env.bus().publish(events.collect::<Result<_>>()?).await?;
    row.notices.clear();
    if row.held.is_none() || row.awaits_verdict() {
        // A worker whose first write comes after this one loses, and takes this one for a sender.
        let wake = ForwarderWake::of(sequence);
        wake.send_late(&cx.env, Duration::ZERO).await?;
    }
    // If this is refused, another worker has changed the row, and announces it again.
    rows.write(vec![row.renew(&cx.env, cx.now())?]).await.map(drop)
}

fn event(sequence: Sequence, case: Option<&CaseRow>, notice: &HoldNotice) -> Result<Event> {
    let data = CaseEventData {
        sequence,
        channel_name: case.map(|case| case.channel.as_str()),
        dealer: case.map(|case| case.dealer),
        change: notice.n,
        part: notice.part,
        reason: notice.why,
    };
    let name = format!("{} {} {}", notice.event.as_str(), notice.n, notice.at);
    let id = EventId::named(&Uuid::from_u128(sequence.0.into()), &name);
    Event::new(id, notice.event, notice.at, &data)
}
