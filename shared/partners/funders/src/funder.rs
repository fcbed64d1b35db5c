//! What a funder adapter provides: requests that are not sent yet, and readers of answers.

use call::{Answer, Auth, Call, Loggable, Progress, Step};
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::proposal::{Decision, Proposal};
use model::quote::{Price, QuoteRequest, QuoteType};
use model::{Error, Kind, Result};

/// The caller's request and the ids that accompany it.
pub struct QuoteContext<'a> {
    /// The hub's id of the quote. The funder gets it, so that both sides can find the quote again.
    pub reference: QuoteId,
    pub correlation: CorrelationId,
    pub request: &'a QuoteRequest,
}

/// A proposal whose decision the hub asks for.
pub struct Reference<'a> {
    pub proposal: ProposalId,
    pub correlation: CorrelationId,
    /// The funder's id of the quote that the proposal came from.
    pub external_quote_id: &'a str,
}

/// A funder, as values: requests that are not sent yet, and readers of answers.
///
/// A funder that takes no proposals leaves out `proposal_types` and the four methods after it.
pub trait Funder: Send + Sync {
    /// The registry name that callers use; also the prefix of its settings.
    fn name(&self) -> &'static str;
    /// The name for people.
    fn display_name(&self) -> &'static str;
    fn quote_types(&self) -> &'static [QuoteType];
    fn auth(&self) -> Auth;
    /// What of the bodies may stand in logs. Everything else is redacted.
    fn loggable(&self) -> &'static Loggable;
    fn quote(&self, context: &QuoteContext, so_far: &Progress) -> Result<Call>;
    /// Refuses a price that cannot be true, and a quote id of no or more than 100 characters.
    fn quoted(&self, context: &QuoteContext, so_far: &Progress, answer: &Answer) -> Result<Step<Price>>;

    /// One progress for each step, with placeholders for the answers in between: a dry run shows every step and sends none.
    fn dry_run(&self) -> Vec<Progress> {
        vec![Progress::default()]
    }

    fn proposal_types(&self) -> &'static [QuoteType] {
        &[]
    }

    /// The submission. Never repeatable: it costs the customer a credit search.
    fn propose(&self, _: &Proposal) -> Result<Call> {
        Err(no_proposals(self.name()))
    }

    fn proposed(&self, _: &Proposal, _: &Answer) -> Result<Decision> {
        Err(no_proposals(self.name()))
    }

    /// The question after the decision on a proposal.
    fn ask_decision(&self, _: &Reference) -> Result<Call> {
        Err(no_proposals(self.name()))
    }

    /// `None` only if the funder itself answers that it has no such proposal.
    fn decided(&self, _: &Reference, _: &Answer) -> Result<Option<Decision>> {
        Err(no_proposals(self.name()))
    }

    /// A call without effect. Its refusal shows whether the key or the address is wrong.
    fn probe(&self) -> Result<Call>;
}

/// The hub checks `proposal_types` first, so this failure is the hub's own.
fn no_proposals(funder: &str) -> Error {
    Error::new(Kind::Internal, format!("{funder} takes no proposals"))
}

#[cfg(test)]
mod tests;
