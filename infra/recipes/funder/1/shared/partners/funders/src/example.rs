//! EXAMPLE: an invented funder with the smallest possible adapter. One call for each quote, an API key in a header.

use call::Shown::{Code, Count, Hidden, Id, Message, Number, Uuid, Word};
use call::{Answer, Auth, Call, Loggable, Progress, Step, code, decimal, read, reason, segment};
use model::money::{Money, Pounds};
use model::proposal::{Decision, Proposal, ProposalStatus};
use model::quote::{Price, QuoteType};
use model::{Error, Kind, Result};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::funder::{Funder, QuoteContext, Reference};

const NO_SUCH_PROPOSAL: &str = "NO_SUCH_PROPOSAL";

/// What may stand in a log: each member of the wire, and the form of its value. Nothing of the customer.
const LOGGABLE: Loggable = Loggable {
    request: &[
        ("reference", Uuid),
        ("price", Number),
        ("deposit", Number),
        ("term", Count),
        ("first_name", Hidden),
        ("last_name", Hidden),
        ("email", Hidden),
    ],
    answer: &[
        ("id", Id(&["E", "P"])),
        ("term", Count),
        ("monthly", Number),
        ("total", Number),
        ("reference", Uuid),
        ("status", Word(&["RECEIVED", "APPROVED", "DECLINED"])),
        ("code", Code(&[NO_SUCH_PROPOSAL, "UNKNOWN_KEY"])),
        ("message", Message),
    ],
    place_words: &[],
};

pub struct Example;

impl Funder for Example {
    fn name(&self) -> &'static str {
        "EXAMPLE"
    }

    fn display_name(&self) -> &'static str {
        "Example Finance"
    }

    fn quote_types(&self) -> &'static [QuoteType] {
        &[QuoteType::HirePurchase, QuoteType::PersonalContractHire]
    }

    fn auth(&self) -> Auth {
        Auth::ApiKey {
            header: "x-api-key",
            secret: "EXAMPLE_API_KEY",
        }
    }

    fn loggable(&self) -> &'static Loggable {
        &LOGGABLE
    }

    fn quote(&self, context: &QuoteContext, _: &Progress) -> Result<Call> {
        let (vehicle, contract) = (&context.request.vehicle_details, &context.request.contract_details);
        let body = Calculate {
            reference: context.reference.to_string(),
            price: vehicle.price,
            deposit: contract.deposit,
            term: contract.term,
        };
        Call::post("/quotes", "quote", &body, true)
    }

    fn quoted(&self, _: &QuoteContext, _: &Progress, answer: &Answer) -> Result<Step<Price>> {
        let quote: Calculated = read(answer.accepted().map_err(|error| explain(error, &answer.body))?)?;
        let money = |amount| Money::from_decimal(amount).ok_or_else(unusable);
        let (monthly_payment, total_amount) = (money(quote.monthly)?, money(quote.total)?);
        if monthly_payment.minor <= 0 || total_amount.minor < monthly_payment.minor || quote.term == 0 {
            return Err(unusable());
        }
        if quote.id.is_empty() || quote.id.len() > 100 {
            return Err(unusable());
        }
        Ok(Step::Done(Price {
            monthly_payment,
            total_amount,
            total_amount_payable: total_amount,
            apr: None,
            balloon_payment: None,
            term: quote.term,
            external_quote_id: quote.id,
            external_reference: None,
            valid_until: None,
        }))
    }

    fn proposal_types(&self) -> &'static [QuoteType] {
        self.quote_types()
    }

    fn propose(&self, proposal: &Proposal) -> Result<Call> {
        let path = format!("/quotes/{}/proposals", segment(&proposal.external_quote_id)?);
        let customer = &proposal.customer;
        let body = Application {
            reference: proposal.id.to_string(),
            first_name: &customer.first_name,
            last_name: &customer.last_name,
            email: customer.email.as_str(),
        };
        Call::post(&path, "proposal", &body, false)
    }

    fn proposed(&self, proposal: &Proposal, answer: &Answer) -> Result<Decision> {
        let decided: Decided = read(answer.accepted().map_err(|error| explain(error, &answer.body))?)?;
        if decided.reference != proposal.id.to_string() {
            return Err(unusable());
        }
        Ok(decided.decision())
    }

    fn ask_decision(&self, of: &Reference) -> Result<Call> {
        let path = format!("/quotes/{}/proposals/{}", segment(of.external_quote_id)?, of.proposal);
        Call::get(&path, "proposal-status")
    }

    fn decided(&self, of: &Reference, answer: &Answer) -> Result<Option<Decision>> {
        match answer.accepted().map_err(|error| explain(error, &answer.body)) {
            Ok(body) => {
                let decided: Decided = read(body)?;
                Ok((decided.reference == of.proposal.to_string()).then(|| decided.decision()))
            }
            // Only the funder's own code counts: a proxy may answer 404 too.
            Err(error) if error.partner_code.as_deref() == Some(NO_SUCH_PROPOSAL) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn probe(&self) -> Result<Call> {
        Call::get("/account", "probe")
    }
}

fn unusable() -> Error {
    Error::new(Kind::PartnerBadResponse, "EXAMPLE's answer cannot be used")
}

/// Adds the code and the message of the funder's refusal.
fn explain(mut error: Error, body: &[u8]) -> Error {
    if let Ok(refusal) = read::<Refusal>(body) {
        error.partner_code = code(&refusal.code);
        if error.kind == Kind::PartnerRejected {
            error.message = reason(&refusal.message);
        }
    }
    error
}

#[derive(Serialize)]
struct Calculate {
    reference: String,
    price: Pounds,
    deposit: Pounds,
    term: u32,
}

#[derive(Deserialize)]
struct Calculated {
    id: String,
    term: u32,
    #[serde(deserialize_with = "decimal")]
    monthly: Decimal,
    #[serde(deserialize_with = "decimal")]
    total: Decimal,
}

#[derive(Serialize)]
struct Application<'a> {
    reference: String,
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
}

#[derive(Deserialize)]
struct Decided {
    id: String,
    reference: String,
    status: ExampleStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum ExampleStatus {
    Received,
    Approved,
    Declined,
}

impl Decided {
    fn decision(self) -> Decision {
        Decision {
            status: match self.status {
                ExampleStatus::Received => ProposalStatus::Submitted,
                ExampleStatus::Approved => ProposalStatus::Approved,
                ExampleStatus::Declined => ProposalStatus::Declined,
            },
            external_id: Some(self.id),
            reason: None,
        }
    }
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

#[cfg(test)]
mod tests {
    use call::testing::answer;

    use super::*;
    use crate::sample::{context, proposal, request};

    #[test]
    fn the_sample_answer_becomes_this_price() {
        let quoted = answer(200, include_str!("../fixtures/example/quote.answer.json"));
        let step = Example.quoted(&context(&request()), &Progress::default(), &quoted);
        let Ok(Step::Done(price)) = step else {
            panic!("one step")
        };
        assert_eq!(
            (price.monthly_payment.minor, price.total_amount.minor),
            (45000, 1_620_000)
        );
    }

    #[test]
    fn a_refusal_keeps_the_funders_code() {
        let refused = answer(422, include_str!("../fixtures/example/quote.refusal.json"));
        let step = Example.quoted(&context(&request()), &Progress::default(), &refused);
        assert_eq!(step.unwrap_err().partner_code.as_deref(), Some("TERM_TOO_LONG"));
    }

    #[test]
    fn each_status_of_the_funder_maps_to_a_status_of_the_hub() {
        let fixture = include_str!("../fixtures/example/proposal.answer.json");
        for (status, expected) in [
            ("RECEIVED", ProposalStatus::Submitted),
            ("APPROVED", ProposalStatus::Approved),
            ("DECLINED", ProposalStatus::Declined),
        ] {
            let answer = answer(200, fixture.replace("RECEIVED", status));
            let decision = Example.proposed(&proposal("E1"), &answer).unwrap();
            assert_eq!(
                (decision.status, decision.external_id.as_deref()),
                (expected, Some("P1"))
            );
        }
    }
}
