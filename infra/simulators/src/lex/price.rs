//! The arithmetic of a quote. Lex's own is not public: all of this is our assumption, kept simple so that it can be
//! checked by hand.
//!
//! 1. The price is `adjustments.otrp`; the default is a list price of £15,000 + (cap_id x 37 mod 35,000) pounds.
//! 2. Basis = price + accessories - discount - off_invoice_support + commission. Business products (business contract
//!    hire, finance lease) are quoted without VAT: basis / 1.2, rounded to the penny.
//! 3. Residual in basis points = 6,000 - 50 x term - (mileage - 10,000) / 10, at least 1,000 and at most 5,500.
//!    Residual = basis x basis points / 10,000, rounded to the penny. Hire purchase and finance lease pay off the whole
//!    price: their residual is 0. Under contract purchase the residual is the balloon; under contract hire it is not
//!    shown.
//! 4. Financed = basis - initial payment.
//! 5. Monthly rental = (financed - residual) / term plus (financed + residual) x 0.049 / 24 (a year's 4.9 % on the
//!    average balance, the usual lease formula), with plan 106 plus £15.00 and mileage / 12 pence, with a relief
//!    vehicle plus £7.50. The sum is rounded half up to the penny. Less than £1.00 is refused: the initial payment is
//!    too high.
//! 6. Total rentals = monthly rental x term, to the penny.
//!
//! `apr` is 4.9 for the credit products (contract purchase, hire purchase) and null otherwise. `balloon` is null except
//! for contract purchase.
//!
//! Worked example, contract purchase with maintenance: otrp 20,000.00, initial payment 2,500.00, term 36, mileage
//! 12,000. Residual 6,000 - 1,800 - 200 = 4,000 basis points, so balloon 8,000.00. Financed 17,500.00.
//! 9,500 / 36 = 263.8889; 25,500 x 0.049 / 24 = 52.0625; maintenance 15 + 10 = 25. Together 340.9514: monthly rental
//! **340.95**, total rentals 36 x 340.95 = **12,274.20**.

use serde::{Serialize, Serializer};

use super::calculate::{CalculateRequest, ContractType, Financials};
use crate::answer::ErrorEntry;
use crate::money::Pence;

/// 4.9 %, in thousandths.
const APR_THOUSANDTHS: i128 = 49;
const MIN_RENTAL: Pence = Pence::pounds(1);

pub struct QuoteFigures {
    pub term: i64,
    pub mileage: i64,
    pub initial_payment: Pence,
    pub monthly_rental: Pence,
    pub total_rentals: Pence,
    pub apr: Option<Apr>,
    pub balloon: Option<Pence>,
}

/// The only annual percentage rate that this lender offers.
#[derive(Clone, Copy)]
pub struct Apr;

impl Serialize for Apr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(4.9)
    }
}

pub fn figures(request: &CalculateRequest) -> Result<QuoteFigures, Vec<ErrorEntry>> {
    let basis = basis(request);
    let residual = residual(&request.financials, basis);
    let financed = basis - request.financials.initial_payment;
    let monthly_rental = if financed < residual {
        Pence::ZERO
    } else {
        rental(&request.financials, financed, residual)?
    };
    if monthly_rental < MIN_RENTAL {
        let message = format!("is too high for a price of {basis}: no rental remains");
        return Err(vec![ErrorEntry::field("financials.customer_initial_payment", message)]);
    }
    let on_credit = matches!(
        request.financials.contract_type,
        ContractType::ContractPurchase | ContractType::HirePurchase
    );
    Ok(QuoteFigures {
        term: request.financials.term,
        mileage: request.financials.mileage,
        initial_payment: request.financials.initial_payment,
        monthly_rental,
        total_rentals: monthly_rental * request.financials.term,
        apr: on_credit.then_some(Apr),
        balloon: (request.financials.contract_type == ContractType::ContractPurchase).then_some(residual),
    })
}

fn basis(request: &CalculateRequest) -> Pence {
    let adjustments = &request.adjustments;
    let price = adjustments
        .on_the_road
        .unwrap_or_else(|| Pence::pounds(15_000 + request.cap_id * 37 % 35_000));
    let basis =
        price + request.accessories - adjustments.discount - adjustments.off_invoice_support + adjustments.commission;
    // A discount above the price leaves nothing to finance, so `figures` refuses the initial payment.
    let basis = basis.max(Pence::ZERO);
    match request.financials.contract_type {
        ContractType::BusinessHire | ContractType::FinanceLease => Pence::new((basis.pence() * 10 + 6) / 12),
        ContractType::ContractPurchase | ContractType::HirePurchase | ContractType::PersonalHire => basis,
    }
}

fn residual(financials: &Financials, basis: Pence) -> Pence {
    if matches!(
        financials.contract_type,
        ContractType::HirePurchase | ContractType::FinanceLease
    ) {
        return Pence::ZERO;
    }
    let points = (6_000 - 50 * financials.term - (financials.mileage - 10_000) / 10).clamp(1_000, 5_500);
    Pence::new((basis.pence() * points + 5_000) / 10_000)
}

/// Uses one common denominator, so that only the result is rounded.
fn rental(financials: &Financials, financed: Pence, residual: Pence) -> Result<Pence, Vec<ErrorEntry>> {
    let term = i128::from(financials.term);
    let maintenance = if financials.maintained {
        1_500 * 24_000 + i128::from(financials.mileage) * 2_000
    } else {
        0
    };
    let relief = if financials.relief_vehicle { 750 * 24_000 } else { 0 };
    let numerator = i128::from((financed - residual).pence()) * 24_000
        + i128::from((financed + residual).pence()) * APR_THOUSANDTHS * term
        + (maintenance + relief) * term;
    let denominator = 24_000 * term;
    let rounded = (2 * numerator + denominator) / (2 * denominator);
    i64::try_from(rounded)
        .map(Pence::new)
        .map_err(|error| vec![ErrorEntry::new("INVALID_FIELD", error.to_string())])
}
