//! Proposals: completing a quote, and retrieving it afterwards. That both steps exist is public; their paths and bodies are
//! assumed.

use bytes::Bytes;
use http::{Method, Request, header};
use jiff::civil::Date;
use model::id::{CorrelationId, ProposalId};
use model::money::Pounds;
use model::person::{Address, Employment};
use model::proposal::{Decision, Document, Proposal, ProposalStatus};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

use crate::{Call, Reference, read, segment};

pub const NO_SUCH_QUOTE: &str = "NOT_FOUND";

pub fn propose(proposal: &Proposal) -> Result<Call> {
    let customer = &proposal.customer;
    let body = Completion {
        cust_reference: proposal.id.to_string(),
        customer: Customer {
            first_name: &customer.first_name,
            last_name: &customer.last_name,
            email: customer.email.as_str(),
            phone: customer.phone.as_deref(),
            date_of_birth: customer.date_of_birth,
            address: customer.address.as_ref(),
            employment: customer.employment.as_ref().map(Work::of),
        },
        documents: proposal.documents.iter().map(Paper::of).collect(),
    };
    let body = serde_json::to_vec(&body).map_err(|error| Error::new(Kind::Internal, "LEX proposal").because(error))?;
    let path = format!("/quotes/{}/complete", segment(&proposal.external_quote_id)?);
    Ok(Call {
        request: request(Method::POST, &path, proposal.correlation, Bytes::from(body))?,
        operation: "proposal",
        repeatable: false,
    })
}

pub fn ask(of: &Reference) -> Result<Call> {
    let path = format!("/quotes/{}", segment(of.external_quote_id)?);
    Ok(Call {
        request: request(Method::GET, &path, of.correlation, Bytes::new())?,
        operation: "proposal-status",
        repeatable: true,
    })
}

fn request(method: Method, path: &str, correlation: CorrelationId, body: Bytes) -> Result<Request<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-lbg-request-id", correlation.to_string())
        .body(body)
        .map_err(|error| Error::new(Kind::Internal, "a request to LEX").because(error))
}

pub fn completed(ours: ProposalId, body: &[u8]) -> Result<Decision> {
    let application: Application = read(body)?;
    if application.cust_reference != ours.to_string() {
        let what = "LEX answered for another cust_reference";
        return Err(Error::new(Kind::PartnerBadResponse, what));
    }
    Ok(application.decision())
}

/// Without the quote, or with the quote another proposal's, LEX has said no: neither asking nor sending again can help.
pub fn refused(mut error: Error) -> Error {
    if matches!(error.partner_code.as_deref(), Some(NO_SUCH_QUOTE | "ALREADY_COMPLETED")) {
        error.kind = Kind::PartnerRejected;
        error.message = "LEX does not accept this proposal.".into();
    }
    error
}

/// None where the quote has not been completed by this proposal of ours.
pub fn retrieved(of: &Reference, body: &[u8]) -> Result<Option<Decision>> {
    let quote: Retrieved = read(body)?;
    let ours = of.proposal.to_string();
    let proposal = quote.proposal.filter(|proposal| proposal.cust_reference == ours);
    Ok(proposal.map(Application::decision))
}

#[derive(Serialize)]
struct Completion<'a> {
    cust_reference: String,
    customer: Customer<'a>,
    documents: Vec<Paper<'a>>,
}

#[derive(Serialize)]
struct Customer<'a> {
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
    phone: Option<&'a str>,
    date_of_birth: Option<Date>,
    address: Option<&'a Address>,
    employment: Option<Work<'a>>,
}

#[derive(Serialize)]
struct Work<'a> {
    employer_name: Option<&'a str>,
    job_title: Option<&'a str>,
    employment_type: Option<&'a str>,
    monthly_income: Option<Pounds>,
}

impl<'a> Work<'a> {
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
struct Paper<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    content_type: &'a str,
    content: &'a str,
}

impl<'a> Paper<'a> {
    fn of(document: &'a Document) -> Self {
        Self {
            kind: &document.kind,
            content_type: &document.media_type,
            content: &document.content,
        }
    }
}

#[derive(Deserialize)]
struct Retrieved {
    proposal: Option<Application>,
}

#[derive(Deserialize)]
struct Application {
    proposal_id: String,
    cust_reference: String,
    status: Status,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Submitted,
    Referred,
    Accepted,
    Declined,
}

impl Application {
    fn decision(self) -> Decision {
        Decision {
            status: match self.status {
                Status::Submitted => ProposalStatus::Submitted,
                Status::Referred => ProposalStatus::Referred,
                Status::Accepted => ProposalStatus::Approved,
                Status::Declined => ProposalStatus::Declined,
            },
            external_id: Some(self.proposal_id),
            reason: self.reason,
        }
    }
}

#[cfg(test)]
mod tests;
