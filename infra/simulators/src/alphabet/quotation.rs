//! The response of calculatefordisplay: vehicles and their quotations.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::error::{ErrorObject, FailedEntry};
use super::price::{self, FinanceProduct, QuotationFigures};
use super::requests::{Parameters, VehicleRequest};
use super::vehicle;
use crate::money::Pence;

const QUOTATION_VALIDITY: SignedDuration = SignedDuration::from_hours(28 * 24);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CalculateResponse {
    pub vehicles: Vec<QuotedVehicle>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QuotedVehicle {
    id: String,
    has_error: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject>,
    finance_quotations: Vec<Quotation>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Quotation {
    Failed(FailedEntry),
    Priced(Box<PricedQuotation>),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PricedQuotation {
    has_error: bool,
    finance: Finance,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Finance {
    key: &'static str,
    quote: FinanceQuote,
    notifications: Vec<Notification>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FinanceQuote {
    total_price: Pence,
    deposit: Deposit,
    total_deposit: Pence,
    balance: Pence,
    term: i64,
    regular_payment: Pence,
    total_first_payment: Pence,
    total_number_of_regular_payments: i64,
    total_amount_payable: Pence,
    charges_for_credit: Pence,
    apr: Option<f64>,
    rate_of_interest: f64,
    residual: Pence,
    final_payment: Pence,
    annual_mileage: i64,
    quote_reference: String,
    valid_from: String,
    valid_to: String,
    payments: Vec<PaymentGroup>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Deposit {
    cash: Pence,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PaymentGroup {
    amount: Pence,
    number_of_payments: i64,
}

/// Quotes a vehicle. `issue` returns the reference for a quotation that succeeds.
pub fn quote_vehicle(request: &VehicleRequest, at: Timestamp, issue: impl FnOnce() -> String) -> QuotedVehicle {
    let physical = &request.physical;
    let error = vehicle::number(&physical.code).err();
    let finance_quotations = if error.is_some() || !physical.registered {
        Vec::new()
    } else {
        quotations(physical.price, &request.parameters, at, issue)
    };
    QuotedVehicle {
        id: request.id.clone(),
        has_error: error.is_some(),
        error,
        finance_quotations,
    }
}

/// Returns the other lender's failed quotation and then the priced one. A quotation that fails stands alone, because a
/// caller could not distinguish its error from the other lender's.
fn quotations(price: Pence, parameters: &Parameters, at: Timestamp, issue: impl FnOnce() -> String) -> Vec<Quotation> {
    match priced(price, parameters) {
        Ok((product, figures)) => {
            let other = ErrorObject::new("LenderNotAvailable", "another lender does not answer");
            let finance = Finance {
                key: product.key(),
                notifications: notifications(parameters.term, figures.term),
                quote: quote(price, parameters, product, &figures, at, issue()),
            };
            let priced = PricedQuotation {
                has_error: false,
                finance,
            };
            vec![
                Quotation::Failed(FailedEntry::new(other)),
                Quotation::Priced(Box::new(priced)),
            ]
        }
        Err(error) => vec![Quotation::Failed(FailedEntry::new(error))],
    }
}

fn priced(price: Pence, parameters: &Parameters) -> Result<(FinanceProduct, QuotationFigures), ErrorObject> {
    let product = FinanceProduct::ALL
        .into_iter()
        .find(|product| product.key() == parameters.product);
    let product = product.ok_or_else(|| {
        let message = format!("no product has the key {}", parameters.product);
        ErrorObject::new("ProductNotFound", message)
    })?;
    let figures = price::figures(product, price, parameters.deposit, parameters.term, parameters.mileage)?;
    Ok((product, figures))
}

fn notifications(requested: i64, term: i64) -> Vec<Notification> {
    let changed = (requested != term).then(|| Notification {
        code: "TermChanged",
        message: format!("The term was changed from {requested} to {term} months."),
    });
    changed.into_iter().collect()
}

fn quote(
    price: Pence,
    parameters: &Parameters,
    product: FinanceProduct,
    figures: &QuotationFigures,
    at: Timestamp,
    quote_reference: String,
) -> FinanceQuote {
    FinanceQuote {
        total_price: price,
        deposit: Deposit {
            cash: parameters.deposit,
        },
        total_deposit: parameters.deposit,
        balance: figures.balance,
        term: figures.term,
        regular_payment: figures.regular,
        total_first_payment: figures.regular,
        total_number_of_regular_payments: figures.term + 1,
        total_amount_payable: figures.total_payable,
        charges_for_credit: figures.charge,
        apr: product.is_credit().then_some(6.9),
        rate_of_interest: 3.5,
        residual: figures.balloon,
        final_payment: figures.last,
        annual_mileage: parameters.mileage,
        quote_reference,
        valid_from: format!("{at:.0}"),
        valid_to: format!("{:.0}", valid_to(at)),
        payments: payments(figures),
    }
}

fn payments(figures: &QuotationFigures) -> Vec<PaymentGroup> {
    let schedule = [
        (figures.regular, figures.term - 1),
        (figures.last, 1),
        (figures.balloon, 1),
    ];
    let due = schedule.into_iter().filter(|(amount, _)| *amount > Pence::ZERO);
    due.map(|(amount, number_of_payments)| PaymentGroup {
        amount,
        number_of_payments,
    })
    .collect()
}

fn valid_to(at: Timestamp) -> Timestamp {
    // The addition fails only for a date at the very end of the calendar.
    at.checked_add(QUOTATION_VALIDITY).unwrap_or(at)
}
