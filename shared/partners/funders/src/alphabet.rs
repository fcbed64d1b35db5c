//! ALPHABET through Codeweavers: three calls per quote, authenticated by a key in a header.
//!
//! Finance defaults and calculation are what Codeweavers' callers are known to send and receive. No public source shows the
//! vehicle details of step one, the keys of the hire and lease products, `ProductKey`, or proposals. Those parts are our
//! assumption and stand in `alphabet/details.rs`, `alphabet/product.rs`, `alphabet/quote.rs` (`Parameters`),
//! `alphabet/refusal.rs` and `alphabet/proposal.rs` only. Amounts are pounds, terms months, mileage per year. HTTP 200 can
//! carry `HasError`.

mod calculation;
mod details;
mod loggable;
mod product;
mod proposal;
mod quote;
mod refusal;
mod vehicle;

use call::{Answer, Auth, Call, Loggable, Progress, Step};
use model::Result;
use model::proposal::{Decision, Proposal};
use model::quote::{Price, QuoteType};

use self::refusal::accepted;
use crate::funder::{Funder, QuoteContext, Reference};

pub struct Alphabet;

impl Funder for Alphabet {
    fn name(&self) -> &'static str {
        "ALPHABET"
    }

    fn display_name(&self) -> &'static str {
        "Alphabet"
    }

    fn quote_types(&self) -> &'static [QuoteType] {
        use QuoteType::{
            BusinessContractHire, FinanceLease, HirePurchase, PersonalContractHire, PersonalContractPurchase,
        };
        &[
            PersonalContractHire,
            BusinessContractHire,
            PersonalContractPurchase,
            HirePurchase,
            FinanceLease,
        ]
    }

    fn auth(&self) -> Auth {
        Auth::ApiKey {
            header: "x-cw-apikey",
            secret: "ALPHABET_API_KEY",
        }
    }

    fn loggable(&self) -> &'static Loggable {
        &loggable::LOGGABLE
    }

    fn dry_run(&self) -> Vec<Progress> {
        quote::dry_run()
    }

    fn quote(&self, context: &QuoteContext, so_far: &Progress) -> Result<Call> {
        quote::call(context, so_far)
    }

    fn quoted(&self, context: &QuoteContext, so_far: &Progress, answer: &Answer) -> Result<Step<Price>> {
        quote::read(context, so_far, accepted(answer)?)
    }

    fn proposal_types(&self) -> &'static [QuoteType] {
        self.quote_types()
    }

    fn propose(&self, proposal: &Proposal) -> Result<Call> {
        proposal::submit(proposal)
    }

    fn proposed(&self, proposal: &Proposal, answer: &Answer) -> Result<Decision> {
        proposal::decision(proposal.id, accepted(answer)?)
    }

    fn ask_decision(&self, of: &Reference) -> Result<Call> {
        proposal::status(of)
    }

    fn decided(&self, of: &Reference, answer: &Answer) -> Result<Option<Decision>> {
        match accepted(answer) {
            Ok(body) => proposal::decision(of.proposal, body).map(Some),
            // Only Alphabet's own code counts: if a proxy's 404 counted too, the hub would send the proposal a second time.
            Err(error) if error.partner_code.as_deref() == Some("ProposalNotFound") => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn probe(&self) -> Result<Call> {
        Call::post(quote::DEFAULTS_PATH, "probe", &serde_json::Map::new(), true)
    }
}

#[cfg(test)]
mod tests;
