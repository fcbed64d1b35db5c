//! EXAMPLE: a funder that does not exist, as small as an adapter can be. One call per quote, an API key in a header.

use bytes::Bytes;
use http::{Method, Request, header};
use model::id::CorrelationId;
use model::money::{Money, Pounds};
use model::proposal::{Decision, Proposal, ProposalStatus};
use model::quote::{Price, QuoteType};
use model::{Error, Kind, Result};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Answer, Ask, Auth, Call, Funder, Progress, Reference, Step, decimal, read, segment};

const NO_SUCH_PROPOSAL: &str = "NO_SUCH_PROPOSAL";

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

    fn loggable(&self) -> &'static [&'static str] {
        &["price", "deposit", "term", "id", "monthly", "total", "code", "status"]
    }

    fn quote(&self, ask: &Ask, _: &Progress) -> Result<Call> {
        let (vehicle, contract) = (&ask.request.vehicle_details, &ask.request.contract_details);
        let body = written(&Calculate {
            reference: ask.reference.to_string(),
            price: vehicle.price,
            deposit: contract.deposit,
            term: contract.term,
        })?;
        call("quote", Method::POST, "/quotes", ask.correlation, body, true)
    }

    fn quoted(&self, _: &Ask, _: &Progress, answer: &Answer) -> Result<Step<Price>> {
        let quote: Calculated = read(answer.accepted().map_err(|error| explain(error, &answer.body))?)?;
        let money = |amount| {
            Money::from_decimal(amount)
                .filter(|money| money.minor > 0)
                .ok_or_else(unusable)
        };
        Ok(Step::Done(Price {
            monthly_payment: money(quote.monthly)?,
            total_amount: money(quote.total)?,
            total_amount_payable: money(quote.total)?,
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
        let body = written(&Application {
            reference: proposal.id.to_string(),
            first_name: &customer.first_name,
            last_name: &customer.last_name,
            email: customer.email.as_str(),
        })?;
        call("proposal", Method::POST, &path, proposal.correlation, body, false)
    }

    fn proposed(&self, proposal: &Proposal, answer: &Answer) -> Result<Decision> {
        let said: Decided = read(answer.accepted().map_err(|error| explain(error, &answer.body))?)?;
        if said.reference != proposal.id.to_string() {
            return Err(unusable());
        }
        Ok(said.decision())
    }

    fn ask_decision(&self, of: &Reference) -> Result<Call> {
        let path = format!("/quotes/{}/proposals/{}", segment(of.external_quote_id)?, of.proposal);
        call(
            "proposal-status",
            Method::GET,
            &path,
            of.correlation,
            Bytes::new(),
            true,
        )
    }

    fn decided(&self, of: &Reference, answer: &Answer) -> Result<Option<Decision>> {
        match answer.accepted().map_err(|error| explain(error, &answer.body)) {
            Ok(body) => {
                let said: Decided = read(body)?;
                Ok((said.reference == of.proposal.to_string()).then(|| said.decision()))
            }
            // In its own words only: a 404 of something in between says nothing.
            Err(error) if error.partner_code.as_deref() == Some(NO_SUCH_PROPOSAL) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn probe(&self) -> Result<Call> {
        let request = Request::get("/account").body(Bytes::new());
        Ok(Call {
            request: request.map_err(|error| Error::new(Kind::Internal, "EXAMPLE probe").because(error))?,
            operation: "probe",
            repeatable: true,
        })
    }
}

fn written<T: Serialize>(body: &T) -> Result<Bytes> {
    let body = serde_json::to_vec(body);
    Ok(body
        .map_err(|error| Error::new(Kind::Internal, "a body for EXAMPLE").because(error))?
        .into())
}

fn call(
    operation: &'static str,
    method: Method,
    path: &str,
    correlation: CorrelationId,
    body: Bytes,
    repeatable: bool,
) -> Result<Call> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-request-id", correlation.to_string())
        .body(body)
        .map_err(|error| Error::new(Kind::Internal, "a request to EXAMPLE").because(error))?;
    Ok(Call {
        request,
        operation,
        repeatable,
    })
}

fn unusable() -> Error {
    Error::new(Kind::PartnerBadResponse, "EXAMPLE's answer cannot be used")
}

/// Adds what the funder said to its refusal.
fn explain(mut error: Error, body: &[u8]) -> Error {
    if let Ok(refusal) = read::<Refusal>(body) {
        error.partner_code = Some(refusal.code.into());
        if error.kind == Kind::PartnerRejected {
            error.message = refusal.message.chars().take(200).collect();
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
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Received,
    Approved,
    Declined,
}

impl Decided {
    fn decision(self) -> Decision {
        Decision {
            status: match self.status {
                Status::Received => ProposalStatus::Submitted,
                Status::Approved => ProposalStatus::Approved,
                Status::Declined => ProposalStatus::Declined,
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
    use super::*;
    use crate::sample::{answer, assert_sends, of, proposal, request, with};

    #[test]
    fn the_sample_is_quoted() {
        let call = with(&request(), |ask| Example.quote(ask, &Progress::default())).unwrap();
        assert_sends(&call, include_str!("../fixtures/example/quote.request.json"));
        let said = answer(200, include_str!("../fixtures/example/quote.answer.json"));
        let step = with(&request(), |ask| Example.quoted(ask, &Progress::default(), &said)).unwrap();
        let Step::Done(price) = step else { panic!("one step") };
        assert_eq!(
            (price.monthly_payment.minor, price.total_amount.minor),
            (45000, 1_620_000)
        );
    }

    #[test]
    fn a_refusal_is_passed_on() {
        let said = answer(422, include_str!("../fixtures/example/quote.refusal.json"));
        let error = with(&request(), |ask| Example.quoted(ask, &Progress::default(), &said)).unwrap_err();
        assert_eq!(
            (error.kind, error.partner_code.as_deref()),
            (Kind::PartnerRejected, Some("TERM_TOO_LONG"))
        );
    }

    #[test]
    fn the_sample_is_proposed() {
        let call = Example.propose(&proposal("E1")).unwrap();
        assert_sends(&call, include_str!("../fixtures/example/proposal.request.json"));
        assert!(!call.repeatable);
        let said = include_str!("../fixtures/example/proposal.answer.json");
        let decision = Example.proposed(&proposal("E1"), &answer(200, said)).unwrap();
        assert_eq!(decision.status, ProposalStatus::Submitted);
        let decided = Example.decided(&of("E1"), &answer(200, said)).unwrap().unwrap();
        assert_eq!(decided.external_id.as_deref(), Some("P1"));
    }

    #[test]
    fn only_the_funders_own_word_says_that_there_is_none() {
        let absent = include_str!("../fixtures/example/proposal.absent.json");
        assert!(Example.decided(&of("E1"), &answer(404, absent)).unwrap().is_none());
        assert!(Example.decided(&of("E1"), &answer(404, "<html>")).is_err());
    }
}
