//! Lex Autolease: one call per quote, signed with an HS256 token of our own.
//!
//! The request is what LEX's callers are known to send. No public source shows the answer, the error body, the later steps
//! or the meaning of every id. Those parts are our assumption and stand in `lex/price.rs`, `lex/refusal.rs`,
//! `lex/proposal.rs` and the two id tables of `lex/quote.rs` only. Amounts are pounds, terms months, mileage per year.

mod loggable;
mod price;
mod proposal;
mod quote;
mod refusal;
mod request;

use call::{Answer, Auth, Call, Loggable, Progress, Step};
use model::Result;
use model::proposal::{Decision, Proposal};
use model::quote::{Price, QuoteType};

use crate::funder::{Funder, QuoteContext, Reference};

pub struct Lex;

impl Funder for Lex {
    fn name(&self) -> &'static str {
        "LEX"
    }

    fn display_name(&self) -> &'static str {
        "Lex Autolease"
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
        Auth::SignedToken {
            secret: "LEX_SHARED_SECRET",
            encoding: "LEX_SECRET_ENCODING",
            lifetime: "LEX_JWT_EXPIRY_HOURS",
            claims: &[
                ("sub", "LEX_APP_ID"),
                ("lbg_major_dealerid", "LEX_DEALER_ID_MAJOR"),
                ("lbg_minor_dealerid", "LEX_DEALER_ID_MINOR"),
            ],
        }
    }

    fn loggable(&self) -> &'static Loggable {
        &loggable::LOGGABLE
    }

    fn quote(&self, context: &QuoteContext, _: &Progress) -> Result<Call> {
        quote::calculate(context)
    }

    fn quoted(&self, context: &QuoteContext, _: &Progress, answer: &Answer) -> Result<Step<Price>> {
        let body = refusal::accepted(answer)?;
        price::read(context, body).map(Step::Done)
    }

    fn proposal_types(&self) -> &'static [QuoteType] {
        self.quote_types()
    }

    fn propose(&self, proposal: &Proposal) -> Result<Call> {
        proposal::complete(proposal)
    }

    fn proposed(&self, proposal: &Proposal, answer: &Answer) -> Result<Decision> {
        let body = refusal::accepted(answer).map_err(proposal::refused)?;
        proposal::completed(proposal.id, body)
    }

    fn ask_decision(&self, of: &Reference) -> Result<Call> {
        proposal::retrieve(of)
    }

    fn decided(&self, of: &Reference, answer: &Answer) -> Result<Option<Decision>> {
        match refusal::accepted(answer) {
            Ok(body) => proposal::retrieved(of, body),
            // Only LEX's own code counts: if a proxy's 404 counted too, the hub would send the proposal a second time.
            Err(error) if error.partner_code.as_deref() == Some(proposal::NO_SUCH_QUOTE) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn probe(&self) -> Result<Call> {
        Call::post(quote::PATH, "probe", &serde_json::Map::new(), true)
    }
}

#[cfg(test)]
mod tests;
