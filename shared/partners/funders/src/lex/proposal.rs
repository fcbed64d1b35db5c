//! Proposals: completing a quote, and retrieving it afterwards. That both steps exist is public; their paths and bodies are
//! assumed.

use call::{Call, read, segment};
use jiff::civil::Date;
use model::id::ProposalId;
use model::money::Pounds;
use model::person::{Address, Employment};
use model::proposal::{Decision, Proposal, ProposalDocument, ProposalStatus};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

use super::request;
use crate::funder::Reference;

pub const NO_SUCH_QUOTE: &str = "NOT_FOUND";

pub fn complete(proposal: &Proposal) -> Result<Call> {
    let customer = &proposal.customer;
    let body = Completion {
        cust_reference: proposal.id.to_string(),
        customer: WireCustomer {
            first_name: &customer.first_name,
            last_name: &customer.last_name,
            email: customer.email.as_str(),
            phone: customer.phone.as_deref(),
            date_of_birth: customer.date_of_birth,
            address: customer.address.as_ref(),
            employment: customer.employment.as_ref().map(WireEmployment::of),
        },
        documents: proposal.documents.iter().map(WireDocument::of).collect(),
    };
    let path = format!("/quotes/{}/complete", segment(&proposal.external_quote_id)?);
    request::identified(Call::post(&path, "proposal", &body, false)?, proposal.correlation)
}

pub fn retrieve(of: &Reference) -> Result<Call> {
    let path = format!("/quotes/{}", segment(of.external_quote_id)?);
    request::identified(Call::get(&path, "proposal-status")?, of.correlation)
}

pub fn completed(proposal: ProposalId, body: &[u8]) -> Result<Decision> {
    let application: Application = read(body)?;
    if application.cust_reference != proposal.to_string() {
        let what = "LEX answered for another cust_reference";
        return Err(Error::new(Kind::PartnerBadResponse, what));
    }
    Ok(application.decision())
}

/// LEX does not have the quote, or another proposal completed it. That is a refusal: neither a question nor a retry helps.
pub fn refused(mut error: Error) -> Error {
    if matches!(error.partner_code.as_deref(), Some(NO_SUCH_QUOTE | "ALREADY_COMPLETED")) {
        error.kind = Kind::PartnerRejected;
        error.message = "LEX does not accept this proposal.".into();
    }
    error
}

/// `None` if this proposal did not complete the quote.
pub fn retrieved(of: &Reference, body: &[u8]) -> Result<Option<Decision>> {
    let quote: Retrieved = read(body)?;
    let reference = of.proposal.to_string();
    let proposal = quote.proposal.filter(|proposal| proposal.cust_reference == reference);
    Ok(proposal.map(Application::decision))
}

#[derive(Serialize)]
struct Completion<'a> {
    cust_reference: String,
    customer: WireCustomer<'a>,
    documents: Vec<WireDocument<'a>>,
}

#[derive(Serialize)]
struct WireCustomer<'a> {
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
    phone: Option<&'a str>,
    date_of_birth: Option<Date>,
    address: Option<&'a Address>,
    employment: Option<WireEmployment<'a>>,
}

#[derive(Serialize)]
struct WireEmployment<'a> {
    employer_name: Option<&'a str>,
    job_title: Option<&'a str>,
    employment_type: Option<&'a str>,
    monthly_income: Option<Pounds>,
}

impl<'a> WireEmployment<'a> {
    fn of(employment: &'a Employment) -> Self {
        Self {
            employer_name: employment.employer_name.as_deref(),
            job_title: employment.job_title.as_deref(),
            employment_type: employment.employment_type.as_deref(),
            monthly_income: employment.monthly_income,
        }
    }
}

#[derive(Serialize)]
struct WireDocument<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    content_type: &'a str,
    content: &'a str,
}

impl<'a> WireDocument<'a> {
    fn of(document: &'a ProposalDocument) -> Self {
        Self {
            kind: &document.kind,
            content_type: &document.media_type,
            content: &document.content,
        }
    }
}

#[derive(Deserialize)]
struct Retrieved {
    /// Null until a proposal completes the quote. An answer without the member is unusable, not a quote without a proposal:
    /// the hub would send the proposal a second time.
    #[serde(deserialize_with = "Option::deserialize")]
    proposal: Option<Application>,
}

#[derive(Deserialize)]
struct Application {
    proposal_id: String,
    cust_reference: String,
    status: LexStatus,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum LexStatus {
    Submitted,
    Referred,
    Accepted,
    Declined,
}

impl Application {
    fn decision(self) -> Decision {
        Decision {
            status: match self.status {
                LexStatus::Submitted => ProposalStatus::Submitted,
                LexStatus::Referred => ProposalStatus::Referred,
                LexStatus::Accepted => ProposalStatus::Approved,
                LexStatus::Declined => ProposalStatus::Declined,
            },
            external_id: Some(self.proposal_id),
            reason: self.reason,
        }
    }
}

#[cfg(test)]
mod tests;
