//! The arithmetic of a quote. Lex's own is not public: all of this is our assumption, made to be checked by hand.
//!
//! 1. The price is `adjustments.otrp`; without it a list price of £15,000 + (cap_id x 37 mod 35,000) pounds.
//! 2. Basis = price + accessories - discount - off_invoice_support + commission. Business products (business contract
//!    hire, finance lease) are quoted without VAT: basis / 1.2, rounded to the penny.
//! 3. The residual in basis points = 6,000 - 50 x term - (mileage - 10,000) / 10, at least 1,000 and at most 5,500;
//!    residual = basis x that / 10,000, rounded to the penny. Hire purchase and finance lease pay everything off:
//!    their residual is 0. Under contract purchase the residual is the balloon; under contract hire it is not shown.
//! 4. Financed = basis - initial payment.
//! 5. Monthly rental = (financed - residual) / term
//!    plus (financed + residual) x 0.049 / 24 (a year's 4.9 % on the average balance, the customary lease formula),
//!    with plan 106 plus £15.00 and mileage / 12 pence, with a relief vehicle plus £7.50; rounded once, half up, to the
//!    penny. Less than £1.00 is refused: the initial payment is too high.
//! 6. Total rentals = monthly rental x term, to the penny.
//!
//! `apr` is 4.9 for the credit products (contract purchase, hire purchase) and null otherwise; `balloon` is null except
//! for contract purchase.
//!
//! Worked example, contract purchase with maintenance: otrp 20,000.00, initial payment 2,500.00, term 36, mileage
//! 12,000. Residual 6,000 - 1,800 - 200 = 4,000 basis points, so balloon 8,000.00. Financed 17,500.00.
//! 9,500 / 36 = 263.8889; 25,500 x 0.049 / 24 = 52.0625; maintenance 15 + 10 = 25. Together 340.9514: monthly rental
//! **340.95**, total rentals 36 x 340.95 = **12,274.20**.

use serde::{Serialize, Serializer};

use super::ask::{Ask, Financials, Product};
use crate::answer::Fault;
use crate::money::Pence;

/// 4.9 %, in thousandths.
const RATE: i128 = 49;
const LEAST_RENTAL: Pence = Pence::pounds(1);

pub struct Figures {
    pub term: i64,
    pub mileage: i64,
    pub initial_payment: Pence,
    pub monthly_rental: Pence,
    pub total_rentals: Pence,
    pub apr: Option<Rate>,
    pub balloon: Option<Pence>,
}

/// The one annual percentage rate that this lender offers.
#[derive(Clone, Copy)]
pub struct Rate;

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(4.9)
    }
}

pub fn figures(ask: &Ask) -> Result<Figures, Vec<Fault>> {
    let basis = basis(ask);
    let residual = residual(&ask.financials, basis);
    let financed = basis - ask.financials.initial_payment;
    let monthly_rental = if financed < residual {
        Pence::ZERO
    } else {
        rental(&ask.financials, financed, residual)?
    };
    if monthly_rental < LEAST_RENTAL {
        let message = format!("is too high for a price of {basis}: no rental remains");
        return Err(vec![Fault::field("financials.customer_initial_payment", message)]);
    }
    let on_credit = matches!(
        ask.financials.product,
        Product::ContractPurchase | Product::HirePurchase
    );
    Ok(Figures {
        term: ask.financials.term,
        mileage: ask.financials.mileage,
        initial_payment: ask.financials.initial_payment,
        monthly_rental,
        total_rentals: monthly_rental * ask.financials.term,
        apr: on_credit.then_some(Rate),
        balloon: (ask.financials.product == Product::ContractPurchase).then_some(residual),
    })
}

fn basis(ask: &Ask) -> Pence {
    let adjustments = &ask.adjustments;
    let price = adjustments
        .on_the_road
        .unwrap_or_else(|| Pence::pounds(15_000 + ask.cap_id * 37 % 35_000));
    let basis =
        price + ask.accessories - adjustments.discount - adjustments.off_invoice_support + adjustments.commission;
    // More discount than price leaves nothing to finance, which is refused as any initial payment then is.
    let basis = basis.max(Pence::ZERO);
    match ask.financials.product {
        Product::BusinessHire | Product::FinanceLease => Pence::new((basis.pence() * 10 + 6) / 12),
        Product::ContractPurchase | Product::HirePurchase | Product::PersonalHire => basis,
    }
}

fn residual(asked: &Financials, basis: Pence) -> Pence {
    if matches!(asked.product, Product::HirePurchase | Product::FinanceLease) {
        return Pence::ZERO;
    }
    let points = (6_000 - 50 * asked.term - (asked.mileage - 10_000) / 10).clamp(1_000, 5_500);
    Pence::new((basis.pence() * points + 5_000) / 10_000)
}

/// Everything over one denominator, so that nothing is rounded before the end.
fn rental(asked: &Financials, financed: Pence, residual: Pence) -> Result<Pence, Vec<Fault>> {
    let term = i128::from(asked.term);
    let maintenance = if asked.maintained {
        1_500 * 24_000 + i128::from(asked.mileage) * 2_000
    } else {
        0
    };
    let relief = if asked.relief_vehicle { 750 * 24_000 } else { 0 };
    let numerator = i128::from((financed - residual).pence()) * 24_000
        + i128::from((financed + residual).pence()) * RATE * term
        + (maintenance + relief) * term;
    let denominator = 24_000 * term;
    let rounded = (2 * numerator + denominator) / (2 * denominator);
    i64::try_from(rounded)
        .map(Pence::new)
        .map_err(|error| vec![Fault::new("INVALID_FIELD", error.to_string())])
}
