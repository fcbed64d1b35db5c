//! What a funder decides about a proposal, from a response, a webhook or a question.

use jiff::{SignedDuration, Timestamp};
use model::proposal::{Decision, ProposalStatus};
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::transport::{Concluded, Conclusion};
use runtime::work::row::{Revised, Updated};

use super::outcome::follow_up;
use super::row::{Phase, ProposalRow};
use crate::Env;
use crate::asked::Asked;

/// When the schedule first asks the funder for its decision.
pub const FIRST_CHECK: SignedDuration = SignedDuration::from_mins(1);
const MAX_ID_LENGTH: usize = 100;
/// How many characters of the funder's reason are kept.
const MAX_REASON_LENGTH: usize = 200;

/// Brings a decision into a row. The schedule asks again until the decision is final: webhooks get lost, and some funders
/// send none.
fn decide(row: &mut ProposalRow, decision: Decision, now: Timestamp) {
    row.enter(Phase::Sent, now, FIRST_CHECK);
    row.decided(decision, now);
}

/// A decision that can be stored. An id that is empty or too long cannot name the proposal to the funder later.
pub fn usable(decision: Decision) -> Result<Decision> {
    if let Some(id) = &decision.external_id
        && !(1..=MAX_ID_LENGTH).contains(&id.len())
    {
        return Err(Error::new(
            Kind::PartnerBadResponse,
            "the funder's id of the proposal cannot be used",
        ));
    }
    let reason = decision
        .reason
        .map(|words| words.chars().take(MAX_REASON_LENGTH).collect());
    Ok(Decision { reason, ..decision })
}

/// Applies the funder's decision to the proposal as it is now, and publishes its event. A decision that comes too late changes
/// nothing.
pub async fn apply(cx: &Cx<Env>, row: &mut ProposalRow, decision: Decision) -> Result<()> {
    let take = |row: &mut ProposalRow| {
        let changes = row.is_changed_by(&decision);
        if changes {
            decide(row, decision.clone(), cx.now());
        }
        changes
    };
    match row.update(cx.env.table()?, cx.clock, take).await? {
        Updated::Written | Updated::Unchanged => follow_up(cx, row).await,
        Updated::Gone => Ok(()),
    }
}

/// Records that a signed event names the proposal: the funder has it, and no worker sends it again. The schedule asks the funder
/// soon. `unanswered` is what the event reports where the funder could not be asked; it stays unconfirmed until then.
pub async fn record_event(cx: &Cx<Env>, row: &mut ProposalRow, unanswered: Option<&Decision>) -> Result<()> {
    let record = |row: &mut ProposalRow| {
        let changes = !row.status.is_final() && row.was_sent();
        if changes {
            row.named(cx.now(), FIRST_CHECK);
            if let Some(reported) = unanswered {
                row.report(reported, cx.now());
            }
        }
        changes
    };
    row.update(cx.env.table()?, cx.clock, record).await.map(drop)
}

/// Asks the funder for its decision. None means that the funder has no such proposal.
pub async fn fetch(cx: &Cx<Env>, row: &ProposalRow) -> Result<Option<Decision>> {
    ask(
        cx,
        &Asked::of(&cx.env, &row.funder_name, row.environment)?.single(),
        row,
    )
    .await
}

/// The same, of this funder.
pub async fn ask(cx: &Cx<Env>, asked: &Asked, row: &ProposalRow) -> Result<Option<Decision>> {
    let env = &cx.env;
    let reference = row.reference();
    let call = asked.funder.ask_decision(&reference)?.about(row.id);
    let read = |answer: &_| asked.funder.decided(&reference, answer)?.map(usable).transpose();
    let context = cx.call_context(row.correlation_id);
    let decision = asked.exchange(env, context, &call, read).await;
    if matches!(decision, Ok(Some(_))) && row.status == ProposalStatus::Pending {
        conclude(env, row, Conclusion::ProposalSubmitted, cx.now());
    }
    env.outbound.tracer.flush().await;
    decision
}

/// Notes in the log of partner calls that the funder has the proposal, or that it failed. The log's rows are still to be written.
pub fn conclude(env: &Env, row: &ProposalRow, conclusion: Conclusion, now: Timestamp) {
    env.outbound.tracer.conclude(&Concluded {
        subject: &row.id,
        conclusion,
        partner: &row.funder_name,
        environment: row.environment.to_string(),
        correlation: row.correlation_id,
        failed: row.failed_attempts,
        at: now,
    });
}
