//! The responses of details, defaults and the proposals.

use serde::Serialize;

use super::price::{self, FinanceProduct};
use super::requests::PhysicalVehicle;
use crate::money::Pence;
use crate::proposals::{Decision, Proposal};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DetailsResponse<'a> {
    has_error: bool,
    vehicle: Description<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description<'a> {
    r#type: &'static str,
    codes: [Code<'a>; 1],
    manufacturer: &'static str,
    model: &'static str,
    derivative: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Code<'a> {
    r#type: &'static str,
    value: &'a str,
}

const MODELS: [(&str, &str, &str); 3] = [
    ("BMW", "3 Series", "320d"),
    ("Volkswagen", "Golf", "1.5 TSI Life"),
    ("Ford", "Puma", "1.0 EcoBoost ST-Line"),
];

/// Describes a vehicle. A code always gives the same model.
pub fn details(code: &str, number: i64) -> DetailsResponse<'_> {
    let index = usize::try_from(number).unwrap_or_default() % MODELS.len();
    let (manufacturer, model, derivative) = MODELS.get(index).copied().unwrap_or_default();
    DetailsResponse {
        has_error: false,
        vehicle: Description {
            r#type: "Car",
            codes: [Code {
                r#type: "CapCarShortCode",
                value: code,
            }],
            manufacturer,
            model,
            derivative,
        },
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DefaultsResponse {
    products: Vec<Offer>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Offer {
    has_error: bool,
    key: &'static str,
    name: &'static str,
    r#type: &'static str,
    lender: &'static str,
    is_default: bool,
    deposit: Range<Pence>,
    term: Terms,
    annual_mileage: Range<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Range<T> {
    default: T,
    minimum: T,
    maximum: T,
    is_required: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Terms {
    default: i64,
    values: [i64; 3],
    is_required: bool,
}

pub fn products(physical: &PhysicalVehicle) -> DefaultsResponse {
    let offered = FinanceProduct::ALL.into_iter().filter(|_| physical.registered);
    let products = offered.map(|product| Offer {
        has_error: false,
        key: product.key(),
        name: product.name(),
        r#type: product.name(),
        lender: "Alphabet",
        is_default: product == FinanceProduct::ContractPurchase,
        deposit: Range {
            default: Pence::new(physical.price.pence() / 10),
            minimum: Pence::ZERO,
            maximum: price::max_deposit(physical.price),
            is_required: true,
        },
        term: Terms {
            default: 36,
            values: price::TERMS,
            is_required: true,
        },
        annual_mileage: Range {
            default: 10_000,
            minimum: price::MIN_MILEAGE,
            maximum: price::MAX_MILEAGE,
            is_required: true,
        },
    });
    DefaultsResponse {
        products: products.collect(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProposalResponse<'a> {
    has_error: bool,
    reference: &'a str,
    proposal_reference: String,
    status: &'static str,
    reason: Option<String>,
}

pub fn proposal(reference: &str, proposal: Proposal) -> ProposalResponse<'_> {
    ProposalResponse {
        has_error: false,
        reference,
        proposal_reference: format!("AP{}", proposal.number),
        status: match proposal.decision {
            Decision::Submitted => "Submitted",
            Decision::Referred => "Referred",
            Decision::Accepted => "Accepted",
            Decision::Declined => "Declined",
        },
        reason: proposal.reason,
    }
}
