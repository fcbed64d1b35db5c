//! Turning a quote into an application for finance, and what a funder decides about it.

use std::collections::BTreeMap;

use garde::Validate;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{CorrelationId, ProposalId, QuoteId};
use crate::json::typed::texts;
use crate::person::{Address, Customer, Employment};
use crate::text::plain;

/// PENDING until the funder has it, SUBMITTED, REFERRED while a person at the funder decides, then APPROVED, DECLINED, or FAILED if it
/// never reached the funder or the funder did not take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProposalStatus {
    /// Not yet known to be with the funder.
    Pending,
    Submitted,
    /// A person at the funder looks at it.
    Referred,
    Approved,
    Declined,
    /// It never got to the funder, or the funder would not take it.
    Failed,
}

impl ProposalStatus {
    /// Statuses only move up: a late event never takes a proposal back.
    pub fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Submitted => 1,
            Self::Referred => 2,
            Self::Approved | Self::Declined | Self::Failed => 3,
        }
    }

    pub fn is_final(self) -> bool {
        self.rank() == 3
    }
}

/// The request for a proposal, as callers send it.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposalRequest {
    /// A GENERATED quote of the caller; an agent may name any customer's quote.
    #[garde(skip)]
    pub quote_id: QuoteId,
    /// Replaces the customer details of the quote.
    #[garde(dive)]
    #[serde(default)]
    pub additional_customer_details: AdditionalDetails,
    /// Document type, such as `drivingLicense`, and the document in base64: a whole PDF, JPEG or PNG, 3 MiB and 10 documents in
    /// all. An image may have 20,000 pixels a side and 120 million in all. A PDF has no script, no program to launch and no
    /// embedded file.
    #[garde(skip)]
    #[serde(default, deserialize_with = "texts")]
    pub additional_documents: BTreeMap<String, String>,
    /// Returns the requests that the hub would send, and sends none.
    #[garde(skip)]
    #[schema(ignore)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// No text may have control or format characters (Unicode's categories Cc and Cf).
#[derive(Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalDetails {
    /// With or without the country's code.
    #[garde(length(chars, min = 5, max = 30), inner(custom(plain)))]
    #[schema(min_length = 5, max_length = 30)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The customer must be 16 to 120 years old on the day of the request in the United Kingdom.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Date, pattern = r"^\d{4}-\d{2}-\d{2}$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<Date>,
    /// The customer's home address.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The customer's work and income.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employment: Option<Employment>,
}

impl AdditionalDetails {
    /// What is known of the customer with these details in place of earlier ones.
    #[must_use]
    pub fn over(self, customer: Customer) -> Customer {
        Customer {
            phone: self.phone.or(customer.phone),
            date_of_birth: self.date_of_birth.or(customer.date_of_birth),
            address: self.address.or(customer.address),
            employment: self.employment.or(customer.employment),
            ..customer
        }
    }
}

/// What a funder is sent. It costs the customer a credit search, so it is sent once.
#[derive(Clone)]
pub struct Proposal {
    /// Sent along, so that both sides can find it again.
    pub id: ProposalId,
    pub correlation: CorrelationId,
    /// The funder's id of the quote.
    pub external_quote_id: String,
    pub customer: Customer,
    pub documents: Vec<ProposalDocument>,
}

#[derive(Clone)]
pub struct ProposalDocument {
    pub kind: String,
    pub media_type: String,
    /// Base64, as it came and as funders take it.
    pub content: String,
}

/// A funder's decision on a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub status: ProposalStatus,
    /// The funder's id of the proposal.
    pub external_id: Option<String>,
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_details_stand_in_for_earlier_ones() {
        let customer: Customer = serde_json::from_str(
            r#"{"firstName":"A","lastName":"B","email":"a@example.com","phone":"11111",
                "address":{"line1":"old","city":"C","postcode":"P"}}"#,
        )
        .unwrap();
        let more: AdditionalDetails =
            serde_json::from_str(r#"{"address":{"line1":"new","city":"C","postcode":"P"}}"#).unwrap();
        let merged = more.over(customer);
        assert_eq!(merged.address.unwrap().line1, "new");
        assert_eq!(merged.phone.as_deref(), Some("11111"));
    }

    #[test]
    fn only_what_is_decided_is_final() {
        use ProposalStatus::{Approved, Declined, Failed, Pending, Referred, Submitted};
        for status in [Approved, Declined, Failed] {
            assert!(status.is_final());
        }
        for status in [Pending, Submitted, Referred] {
            assert!(!status.is_final() && status.rank() < Approved.rank());
        }
    }
}
