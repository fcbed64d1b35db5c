//! A funder that takes no proposals.

use super::*;
use crate::sample;

/// Only quotes.
struct QuotesOnly;

impl Funder for QuotesOnly {
    fn name(&self) -> &'static str {
        "QUOTES"
    }

    fn display_name(&self) -> &'static str {
        "Quotes only"
    }

    fn quote_types(&self) -> &'static [QuoteType] {
        &[QuoteType::HirePurchase]
    }

    fn auth(&self) -> Auth {
        Auth::ApiKey {
            header: "x-api-key",
            secret: "QUOTES_API_KEY",
        }
    }

    fn loggable(&self) -> &'static Loggable {
        &Loggable::NOTHING
    }

    fn quote(&self, _: &QuoteContext, _: &Progress) -> Result<Call> {
        self.probe()
    }

    fn quoted(&self, _: &QuoteContext, so_far: &Progress, _: &Answer) -> Result<Step<Price>> {
        Ok(Step::Next(so_far.clone()))
    }

    fn probe(&self) -> Result<Call> {
        Call::get("/", "probe")
    }
}

#[test]
fn a_funder_without_proposals_refuses_each_of_them() {
    let (proposal, reference) = (sample::proposal("Q1"), sample::reference("Q1"));
    let answer = call::testing::answer(200, "{}");
    assert!(QuotesOnly.proposal_types().is_empty());
    for error in [
        QuotesOnly.propose(&proposal).unwrap_err(),
        QuotesOnly.proposed(&proposal, &answer).unwrap_err(),
        QuotesOnly.ask_decision(&reference).unwrap_err(),
        QuotesOnly.decided(&reference, &answer).unwrap_err(),
    ] {
        assert_eq!(error.kind, Kind::Internal);
        assert_eq!(error.message, "QUOTES takes no proposals");
    }
}
