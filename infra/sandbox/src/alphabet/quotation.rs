//! The vehicles with their quotations, as calculatefordisplay answers them.

use jiff::Timestamp;
use serde::Serialize;

use super::ask::{self, Parameters, Request};
use super::document::{Failed, Problem};
use super::price::{self, Figures, Product};
use crate::money::Pence;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Vehicles {
    pub vehicles: Vec<Vehicle>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Vehicle {
    id: String,
    has_error: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
    finance_quotations: Vec<Quotation>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Quotation {
    Failed(Failed),
    Made(Box<Made>),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    has_error: bool,
    finance: Finance,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Finance {
    key: &'static str,
    quote: Quote,
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
struct Quote {
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
    payments: Vec<Payments>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Deposit {
    cash: Pence,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Payments {
    amount: Pence,
    number_of_payments: i64,
}

/// A vehicle with its quotations. `issue` gives the reference of one that is made.
pub fn vehicle(request: &Request, at: Timestamp, issue: impl FnOnce() -> String) -> Vehicle {
    let physical = &request.physical;
    let error = ask::known(&physical.code)
        .is_none()
        .then(|| super::no_such_vehicle(&physical.code));
    let finance_quotations = if error.is_some() || !physical.registered {
        Vec::new()
    } else {
        quotations(physical.price, &request.parameters, at, issue)
    };
    Vehicle {
        id: request.id.clone(),
        has_error: error.is_some(),
        error,
        finance_quotations,
    }
}

/// Where the one that was asked for fails it stands alone: nothing would tell its error from the other's.
fn quotations(price: Pence, asked: &Parameters, at: Timestamp, issue: impl FnOnce() -> String) -> Vec<Quotation> {
    match priced(price, asked) {
        Ok((product, figures)) => {
            let other = Problem::new("LenderNotAvailable", "another lender does not answer");
            let finance = Finance {
                key: product.key(),
                notifications: notifications(asked.term, figures.term),
                quote: quote(price, asked, product, &figures, at, issue()),
            };
            let made = Made {
                has_error: false,
                finance,
            };
            vec![Quotation::Failed(Failed::new(other)), Quotation::Made(Box::new(made))]
        }
        Err(problem) => vec![Quotation::Failed(Failed::new(problem))],
    }
}

fn priced(price: Pence, asked: &Parameters) -> Result<(Product, Figures), Problem> {
    let product = Product::ALL.into_iter().find(|product| product.key() == asked.product);
    let product = product.ok_or_else(|| {
        let message = format!("no product has the key {}", asked.product);
        Problem::new("ProductNotFound", message)
    })?;
    let figures = price::figures(product, price, asked.deposit, asked.term, asked.mileage)?;
    Ok((product, figures))
}

fn notifications(asked: i64, term: i64) -> Vec<Notification> {
    let changed = (asked != term).then(|| Notification {
        code: "TermChanged",
        message: format!("The term was changed from {asked} to {term} months."),
    });
    changed.into_iter().collect()
}

fn quote(
    price: Pence,
    asked: &Parameters,
    product: Product,
    figures: &Figures,
    at: Timestamp,
    quote_reference: String,
) -> Quote {
    Quote {
        total_price: price,
        deposit: Deposit { cash: asked.deposit },
        total_deposit: asked.deposit,
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
        annual_mileage: asked.mileage,
        quote_reference,
        valid_from: format!("{at:.0}"),
        valid_to: format!("{:.0}", super::valid_to(at)),
        payments: payments(figures),
    }
}

fn payments(figures: &Figures) -> Vec<Payments> {
    let schedule = [
        (figures.regular, figures.term - 1),
        (figures.last, 1),
        (figures.balloon, 1),
    ];
    let due = schedule.into_iter().filter(|(amount, _)| *amount > Pence::ZERO);
    due.map(|(amount, number_of_payments)| Payments {
        amount,
        number_of_payments,
    })
    .collect()
}
