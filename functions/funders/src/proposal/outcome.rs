//! The follow-up of a proposal, behind the request: a worker lists it and publishes an event for each new status. Repeating
//! it changes nothing.

use model::event::EventType;
use model::id::{EventId, ProposalId, QuoteId};
use model::proposal::ProposalStatus;
use model::quote::Environment;
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::http::list::{Entry, month_of};
use runtime::port::bus::Event;
use runtime::port::store::Write;
use runtime::work::row::{Revised, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::LIST;
use super::row::ProposalRow;
use crate::quote::QuoteRow;
use crate::{Env, customer};

/// Other workers may be changing the quote of a failed proposal.
const WRITE_ATTEMPTS: u32 = 3;

/// The data of a proposal's events.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposalEventData<'a> {
    /// The proposal.
    proposal_id: ProposalId,
    /// The quote that it was made from.
    quote_id: QuoteId,
    /// The funder that decides about it.
    funder_name: &'a str,
    /// The funder's environment.
    environment: Environment,
    /// The proposal's new status.
    status: ProposalStatus,
    /// The code of the failure, of a proposal that FAILED.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

/// Lists the proposal, and publishes the event of a new status.
pub async fn follow_up(cx: &Cx<Env>, row: &mut ProposalRow) -> Result<()> {
    let (rows, id) = (cx.env.table()?, *row.id.as_uuid());
    let key = ProposalRow::key(rows, &row.id);
    let lists = [
        month_of(LIST, row.id.as_uuid()),
        customer::proposals_of(&row.customer()?.email),
    ];
    let entries: Result<Vec<_>> = lists.iter().map(|list| Entry::item(list, id, &key, row.ttl)).collect();
    rows.append(entries?).await?;
    announce(cx, row).await
}

async fn announce(cx: &Cx<Env>, row: &mut ProposalRow) -> Result<()> {
    let kind = match row.status {
        ProposalStatus::Pending => return Ok(()),
        ProposalStatus::Submitted => EventType::ProposalSubmitted,
        ProposalStatus::Referred => EventType::ProposalReferred,
        ProposalStatus::Approved => EventType::ProposalApproved,
        ProposalStatus::Declined => EventType::ProposalDeclined,
        ProposalStatus::Failed => EventType::ProposalFailed,
    };
    if row.is_unannounced() {
        publish(cx, row, kind).await?;
        row.announced = Some(row.status);
    } else if !row.status.is_final() || row.is_idle() {
        return Ok(());
    }
    if row.status.is_final() {
        row.set_idle();
    }
    // If this is refused, another worker has changed the proposal, and publishes its new status.
    row.save(cx.env.table()?, cx.now()).await.map(drop)
}

async fn publish(cx: &Cx<Env>, row: &ProposalRow, kind: EventType) -> Result<()> {
    let data = ProposalEventData {
        proposal_id: row.id,
        quote_id: row.quote_id,
        funder_name: &row.funder_name,
        environment: row.environment,
        status: row.status,
        code: row.failure.as_ref().map(|failure| failure.code.as_str()),
    };
    let id = EventId::named(row.id.as_uuid(), kind.as_str());
    let event = Event::new(id, kind, row.status_at, &data)?;
    cx.env.bus().publish(vec![event]).await
}

/// Writes a failed proposal together with its quote, whose price may be used again.
pub async fn release(cx: &Cx<Env>, failed: Write, quote: QuoteId, proposal: ProposalId) -> Result<()> {
    let rows = cx.env.table()?;
    for _ in 0..WRITE_ATTEMPTS {
        let mut writes = vec![failed.clone()];
        if let Some(mut quote) = QuoteRow::load(rows, &quote).await?
            && quote.proposal_id == Some(proposal)
        {
            quote.released(cx.now());
            writes.push(quote.replace(rows, cx.now())?);
        }
        if rows.write(writes).await? {
            return Ok(());
        }
    }
    Err(Error::new(
        Kind::Unavailable,
        "another worker has changed the failed proposal or its quote",
    ))
}
