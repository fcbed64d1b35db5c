//! Proposals. Assumed: all of it, since Codeweavers documents none in public.

use call::{Call, read};
use jiff::civil::Date;
use model::id::ProposalId;
use model::money::Pounds;
use model::person::{Address, Employment};
use model::proposal::{Decision, Proposal, ProposalDocument, ProposalStatus};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

use crate::funder::Reference;

pub fn submit(proposal: &Proposal) -> Result<Call> {
    let customer = &proposal.customer;
    let body = Submission {
        reference: proposal.id.to_string(),
        quote_reference: &proposal.external_quote_id,
        customer: WireCustomer {
            forename: &customer.first_name,
            surname: &customer.last_name,
            email_address: customer.email.as_str(),
            telephone: customer.phone.as_deref(),
            date_of_birth: customer.date_of_birth,
            address: customer.address.as_ref().map(WireAddress::of),
            employment: customer.employment.as_ref().map(WireEmployment::of),
        },
        documents: proposal.documents.iter().map(WireDocument::of).collect(),
    };
    Call::post("/api/proposals", "proposal", &body, false)
}

pub fn status(of: &Reference) -> Result<Call> {
    Call::get(&format!("/api/proposals/{}", of.proposal), "proposal-status")
}

/// The decision on our proposal. An answer about another proposal is an error.
pub fn decision(proposal: ProposalId, body: &[u8]) -> Result<Decision> {
    let answer: ProposalAnswer = read(body)?;
    if answer.reference != proposal.to_string() {
        let what = "Alphabet answered for another Reference";
        return Err(Error::new(Kind::PartnerBadResponse, what));
    }
    Ok(Decision {
        status: match answer.status {
            AlphabetStatus::Submitted => ProposalStatus::Submitted,
            AlphabetStatus::Referred => ProposalStatus::Referred,
            AlphabetStatus::Accepted => ProposalStatus::Approved,
            AlphabetStatus::Declined => ProposalStatus::Declined,
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
    customer: WireCustomer<'a>,
    documents: Vec<WireDocument<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireCustomer<'a> {
    forename: &'a str,
    surname: &'a str,
    email_address: &'a str,
    telephone: Option<&'a str>,
    date_of_birth: Option<Date>,
    address: Option<WireAddress<'a>>,
    employment: Option<WireEmployment<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireAddress<'a> {
    line1: &'a str,
    line2: Option<&'a str>,
    town: &'a str,
    postcode: &'a str,
    country_code: &'a str,
}

impl<'a> WireAddress<'a> {
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
struct WireEmployment<'a> {
    employer_name: Option<&'a str>,
    job_title: Option<&'a str>,
    #[serde(rename = "Type")]
    kind: Option<&'a str>,
    monthly_income: Option<Pounds>,
}

impl<'a> WireEmployment<'a> {
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
struct WireDocument<'a> {
    #[serde(rename = "Type")]
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
#[serde(rename_all = "PascalCase")]
struct ProposalAnswer {
    reference: String,
    proposal_reference: String,
    status: AlphabetStatus,
    reason: Option<String>,
}

#[derive(Deserialize)]
enum AlphabetStatus {
    Submitted,
    Referred,
    Accepted,
    Declined,
}

#[cfg(test)]
mod tests;
