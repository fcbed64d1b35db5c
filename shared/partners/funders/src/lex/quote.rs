//! The request for a quote.

use call::Call;
use model::money::{Money, Pounds};
use model::quote::QuoteType;
use model::{Error, Result};
use serde::Serialize;

use super::request;
use crate::funder::QuoteContext;

pub const PATH: &str = "/quotes/calculate";

pub fn calculate(context: &QuoteContext) -> Result<Call> {
    let call = Call::post(PATH, "quote", &Calculate::of(context)?, true)?;
    request::identified(call, context.correlation)
}

/// Assumed: every id but 3.
fn contract_type(quote_type: QuoteType) -> u8 {
    match quote_type {
        QuoteType::PersonalContractPurchase => 1,
        QuoteType::HirePurchase => 2,
        QuoteType::PersonalContractHire => 3,
        QuoteType::BusinessContractHire => 4,
        QuoteType::FinanceLease => 5,
    }
}

/// Assumed: both ids.
fn plan(maintenance_included: bool) -> u8 {
    if maintenance_included { 106 } else { 105 }
}

#[derive(Serialize)]
struct Calculate<'a> {
    asset: Asset<'a>,
    accessories: [(); 0],
    financials: Financials,
    adjustments: Adjustments,
}

impl<'a> Calculate<'a> {
    fn of(context: &QuoteContext<'a>) -> Result<Self> {
        let (vehicle, contract) = (&context.request.vehicle_details, &context.request.contract_details);
        let cap_id =
            vehicle.cap_id.as_deref().unwrap_or_default().parse().map_err(|_| {
                Error::invalid("vehicleDetails.capId", "LEX needs the vehicle's CAP id, a whole number")
            })?;
        Ok(Self {
            asset: Asset {
                cap_id,
                cap_code: vehicle.cap_code.as_deref(),
                model_year: vehicle.year,
                options: [],
            },
            accessories: [],
            financials: Financials {
                contract_type_id: contract_type(contract.quote_type),
                plan: plan(contract.maintenance_included),
                term: contract.term,
                mileage: contract.annual_mileage,
                relief_vehicle: 0,
                customer_initial_payment: contract.deposit,
                estimated_sales_value: None,
                cust_reference: context.reference.to_string(),
            },
            adjustments: Adjustments {
                otrp: vehicle.price,
                ..Adjustments::NONE
            },
        })
    }
}

#[derive(Serialize)]
struct Asset<'a> {
    cap_id: u32,
    cap_code: Option<&'a str>,
    model_year: u16,
    options: [&'a str; 0],
}

#[derive(Serialize)]
struct Financials {
    contract_type_id: u8,
    plan: u8,
    term: u32,
    mileage: u32,
    relief_vehicle: u8,
    customer_initial_payment: Pounds,
    estimated_sales_value: Option<Pounds>,
    cust_reference: String,
}

#[derive(Serialize)]
struct Adjustments {
    off_invoice_support: Option<Pounds>,
    /// On-the-road price. LEX would use its list price without it, and the caller named a price.
    otrp: Pounds,
    commission: Option<Pounds>,
    discount: Option<Pounds>,
    /// A number of LEX's own whose meaning is not public. 0 stands for none.
    customer_terms: u32,
    co2_emission: Option<u32>,
}

impl Adjustments {
    const NONE: Self = Self {
        off_invoice_support: None,
        otrp: Pounds(Money::pence(0)),
        commission: None,
        discount: None,
        customer_terms: 0,
        co2_emission: None,
    };
}
