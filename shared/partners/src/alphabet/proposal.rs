//! Proposals. All of it is assumed: Codeweavers documents none in public.

use http::{Method, Request, header};
use jiff::civil::Date;
use model::id::ProposalId;
use model::money::Pounds;
use model::person::{Address, Employment};
use model::proposal::{Decision, Document, Proposal, ProposalStatus};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

use super::post;
use crate::{Call, Reference, read};

pub fn propose(proposal: &Proposal) -> Result<Call> {
    let customer = &proposal.customer;
    let body = Submission {
        reference: proposal.id.to_string(),
        quote_reference: &proposal.external_quote_id,
        customer: Customer {
            forename: &customer.first_name,
            surname: &customer.last_name,
            email_address: customer.email.as_str(),
            telephone: customer.phone.as_deref(),
            date_of_birth: customer.date_of_birth,
            address: customer.address.as_ref().map(Home::of),
            employment: customer.employment.as_ref().map(Work::of),
        },
        documents: proposal.documents.iter().map(Paper::of).collect(),
    };
    post("/api/proposals", "proposal", &body, false)
}

pub fn ask(of: &Reference) -> Result<Call> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(format!("/api/proposals/{}", of.proposal))
        .header(header::ACCEPT, "application/json")
        .body(bytes::Bytes::new())
        .map_err(|error| Error::new(Kind::Internal, "ALPHABET proposal status").because(error))?;
    Ok(Call {
        request,
        operation: "proposal-status",
        repeatable: true,
    })
}

/// What an answer says of the proposal it was asked for.
pub fn decision(ours: ProposalId, body: &[u8]) -> Result<Decision> {
    let answer: Answer = read(body)?;
    if answer.reference != ours.to_string() {
        let what = "Alphabet answered for another Reference";
        return Err(Error::new(Kind::PartnerBadResponse, what));
    }
    Ok(Decision {
        status: match answer.status {
            Status::Submitted => ProposalStatus::Submitted,
            Status::Referred => ProposalStatus::Referred,
            Status::Accepted => ProposalStatus::Approved,
            Status::Declined => ProposalStatus::Declined,
        },
        external_id: Some(answer.proposal_reference),
        reason: answer.reason,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Submission<'a> {
    reference: String,
    quote_reference: &'a str,
    customer: Customer<'a>,
    documents: Vec<Paper<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Customer<'a> {
    forename: &'a str,
    surname: &'a str,
    email_address: &'a str,
    telephone: Option<&'a str>,
    date_of_birth: Option<Date>,
    address: Option<Home<'a>>,
    employment: Option<Work<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Home<'a> {
    line1: &'a str,
    line2: Option<&'a str>,
    town: &'a str,
    postcode: &'a str,
    country_code: &'a str,
}

impl<'a> Home<'a> {
    fn of(address: &'a Address) -> Self {
        Self {
            line1: &address.line1,
            line2: address.line2.as_deref(),
            town: &address.city,
            postcode: &address.postcode,
            country_code: &address.country,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Work<'a> {
    employer_name: Option<&'a str>,
    job_title: Option<&'a str>,
    #[serde(rename = "Type")]
    kind: Option<&'a str>,
    monthly_income: Option<Pounds>,
}

impl<'a> Work<'a> {
    fn of(employment: &'a Employment) -> Self {
        Self {
            employer_name: employment.employer_name.as_deref(),
            job_title: employment.job_title.as_deref(),
            kind: employment.employment_type.as_deref(),
            monthly_income: employment.monthly_income,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Paper<'a> {
    #[serde(rename = "Type")]
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
#[serde(rename_all = "PascalCase")]
struct Answer {
    reference: String,
    proposal_reference: String,
    status: Status,
    reason: Option<String>,
}

#[derive(Deserialize)]
enum Status {
    Submitted,
    Referred,
    Accepted,
    Declined,
}

#[cfg(test)]
mod tests;
