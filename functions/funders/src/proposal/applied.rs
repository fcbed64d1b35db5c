//! What a funder says of a proposal, by answer, by webhook or when asked.

use jiff::{SignedDuration, Timestamp};
use model::proposal::Decision;
use model::{Error, Kind, Result};
use runtime::store::Outcome as Written;
use runtime::{Cx, Domain};

use super::outcome::follow_up;
use super::row::{ProposalRow, Stage};
use crate::Env;
use crate::quote::pricing;

/// When the funder is first asked what became of a proposal.
pub const CHECK: SignedDuration = SignedDuration::from_mins(1);
/// Longer ids are nobody's.
const LONGEST_ID: usize = 100;
/// So many characters of a funder's words are kept.
const WORDS: usize = 200;
/// Other workers may be changing the same proposal.
const TRIES: u32 = 5;

/// Brings a decision into a row. What is not final is asked after again, for funders whose news gets lost or that send none.
pub fn after_decision(row: &mut ProposalRow, decision: Decision, now: Timestamp) {
    row.stage(Stage::Sent, now, CHECK);
    row.decided(decision, now);
}

/// A decision that can be kept. Without a name for the proposal the funder has taken nothing we could ask after.
pub fn usable(decision: Decision) -> Result<Decision> {
    if let Some(id) = &decision.external_id
        && !(1..=LONGEST_ID).contains(&id.len())
    {
        return Err(Error::new(
            Kind::PartnerBadResponse,
            "the funder's id of the proposal cannot be used",
        ));
    }
    let reason = decision.reason.map(|words| words.chars().take(WORDS).collect());
    Ok(Decision { reason, ..decision })
}

/// Applies a decision to the proposal as it stands now, and tells the world. Late news changes nothing.
pub async fn apply(cx: &Cx<Env>, row: &mut ProposalRow, decision: Decision) -> Result<()> {
    for _ in 0..TRIES {
        if !row.learns(&decision) {
            return follow_up(cx, row).await;
        }
        after_decision(row, decision.clone(), cx.now());
        let write = row.replace(&cx.env, cx.now())?;
        if cx.env.store().write(vec![write]).await? == Written::Done {
            return follow_up(cx, row).await;
        }
        match ProposalRow::load(&cx.env, row.id).await? {
            Some(fresh) => *row = fresh,
            None => return Ok(()),
        }
    }
    Err(Error::new(Kind::Unavailable, "a proposal is being changed by too many"))
}

/// What the funder says now; None where it says that it has no such proposal.
pub async fn decision(cx: &Cx<Env>, row: &ProposalRow) -> Result<Option<Decision>> {
    let env = &cx.env;
    let funder = pricing::known(&row.funder_name)?;
    let target = env.target(funder, row.environment)?;
    let policy = env.policy(funder)?.single();
    let trip = cx.trip(row.correlation_id);
    let reference = row.reference();
    let call = funder.ask_decision(&reference)?;
    let read = |answer: &_| funder.decided(&reference, answer)?.map(usable).transpose();
    let found = env.outbound.exchange(&target, &policy, trip, &call, read).await;
    env.outbound.tracer.flush().await;
    found
}
