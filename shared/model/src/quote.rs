//! What is asked of a funder, and the price that comes back.

use std::fmt;

use garde::Validate;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::{Money, Number, Pounds, not_negative};
use crate::person::Customer;
use crate::text::plain;
use crate::vehicle::Vehicle;

/// A funder's environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Environment {
    Sandbox,
    Live,
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sandbox => "SANDBOX",
            Self::Live => "LIVE",
        })
    }
}

/// The kind of contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QuoteType {
    PersonalContractHire,
    BusinessContractHire,
    PersonalContractPurchase,
    HirePurchase,
    FinanceLease,
}

impl QuoteType {
    /// Hire ends with handing the vehicle back: there is neither an APR nor a balloon to pay.
    pub fn is_contract_hire(self) -> bool {
        matches!(self, Self::PersonalContractHire | Self::BusinessContractHire)
    }
}

/// PENDING while the hub asks the funder again, GENERATED with a price, FAILED without one, EXPIRED when the price has ended,
/// CONVERTED when the quote has become a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum QuoteStatus {
    Pending,
    Generated,
    Failed,
    Expired,
    Converted,
}

/// The request for a quote, as callers send it.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuoteRequest {
    /// The customer.
    #[garde(dive)]
    pub customer_details: Customer,
    /// The vehicle to finance.
    #[garde(dive)]
    pub vehicle_details: Vehicle,
    /// The requested contract.
    #[garde(dive)]
    pub contract_details: Contract,
    /// A funder's name from `GET /api/integration/funders`.
    #[garde(length(max = 40))]
    #[schema(max_length = 40)]
    pub funder_name: String,
    /// The funder's environment. It must be open at this stage: see `GET /api/integration/funders`.
    #[garde(skip)]
    pub environment: Environment,
    /// Where the request came from, for the caller's own records, without control or format characters.
    #[garde(length(chars, max = 60), inner(custom(plain)))]
    #[schema(max_length = 60)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Returns the requests that the hub would send, and sends none.
    #[garde(skip)]
    #[schema(ignore)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// The requested contract.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contract {
    /// Months.
    #[garde(range(min = 1, max = 120))]
    #[schema(minimum = 1, maximum = 120)]
    pub term: u32,
    /// Paid at the start, in pounds.
    #[garde(custom(not_negative))]
    #[schema(value_type = f64, minimum = 0, maximum = 100_000_000, multiple_of = 0.01)]
    pub deposit: Pounds,
    /// Miles per year.
    #[garde(range(min = 1, max = 200_000))]
    #[schema(minimum = 1, maximum = 200_000)]
    pub annual_mileage: u32,
    /// The kind of contract.
    #[garde(skip)]
    pub quote_type: QuoteType,
    /// Paid at the end, in pounds. Not sent for contract hire, which has none.
    #[garde(inner(custom(not_negative)))]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100_000_000, multiple_of = 0.01)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balloon_payment: Option<Pounds>,
    /// Percent per year, as the caller knows it. The funder's own rate takes precedence.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apr: Option<Number>,
    /// Whether the payments include maintenance.
    #[garde(skip)]
    #[serde(default)]
    pub maintenance_included: bool,
}

/// A funder's price, in our terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    pub monthly_payment: Money,
    /// Sum of the regular payments, without deposit and balloon.
    pub total_amount: Money,
    /// Everything the customer pays.
    pub total_amount_payable: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apr: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balloon_payment: Option<Money>,
    /// Months, as the funder granted them; it may be fewer than were asked for.
    pub term: u32,
    pub external_quote_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}
