//! The arithmetic of a quotation. The lenders' own is not public: all of this is our assumption, kept simple so that it
//! can be checked by hand.
//!
//! 1. Terms of 24, 36 and 48 months are offered. Any other term is shortened to the longest of these below it; below 24
//!    months nothing is offered.
//! 2. The deposit may be up to half of the price, the mileage 1,000 to 60,000 a year.
//! 3. Residual in basis points = 6,500 - 75 x term - mileage / 20, at least 500 and at most 4,500. Residual = price x
//!    basis points / 10,000, rounded to the penny. Under PCP the customer pays it at the end (the balloon). Under PCH
//!    and BCH the customer returns the vehicle, and the residual is not shown. HP and FL pay off the whole price: their
//!    residual is 0.
//! 4. Balance = price - deposit. Charge = (balance + residual) / 2 x 3.5 % x term / 12, rounded half up to the penny (a
//!    flat rate on the average balance).
//! 5. Sum of the instalments = balance - residual + charge. Regular payment = that sum / term, rounded down to the
//!    penny. The last instalment is the remainder.
//! 6. Total payable = deposit + instalments, under PCP + residual.
//!
//! `Apr` is 6.9 for the credit products (PCP, HP) and null otherwise. No product is priced without VAT.
//!
//! Worked example, PCP: price 38,000.00, deposit 2,500.00, term 36, mileage 12,000. Residual 6,500 - 2,700 - 600 =
//! 3,200 basis points, 12,160.00. Balance 35,500.00. Charge 47,660.00 / 2 x 0.035 x 3 = 2,502.15. Instalments 35,500.00
//! - 12,160.00 + 2,502.15 = 25,842.15: 35 of **717.83** and one of 718.10. Total payable **40,502.15**.

use super::error::ErrorObject;
use crate::money::Pence;

/// In months, ascending.
pub const TERMS: [i64; 3] = [24, 36, 48];
pub const MIN_MILEAGE: i64 = 1_000;
pub const MAX_MILEAGE: i64 = 60_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinanceProduct {
    ContractPurchase,
    HirePurchase,
    PersonalHire,
    BusinessHire,
    FinanceLease,
}

impl FinanceProduct {
    pub const ALL: [Self; 5] = [
        Self::ContractPurchase,
        Self::HirePurchase,
        Self::PersonalHire,
        Self::BusinessHire,
        Self::FinanceLease,
    ];

    pub fn key(self) -> &'static str {
        match self {
            Self::ContractPurchase => "PCP",
            Self::HirePurchase => "HP",
            Self::PersonalHire => "PCH",
            Self::BusinessHire => "BCH",
            Self::FinanceLease => "FL",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::ContractPurchase => "Personal Contract Purchase",
            Self::HirePurchase => "Hire Purchase",
            Self::PersonalHire => "Personal Contract Hire",
            Self::BusinessHire => "Business Contract Hire",
            Self::FinanceLease => "Finance Lease",
        }
    }

    fn keeps_value(self) -> bool {
        !matches!(self, Self::HirePurchase | Self::FinanceLease)
    }

    pub fn is_credit(self) -> bool {
        matches!(self, Self::ContractPurchase | Self::HirePurchase)
    }
}

pub struct QuotationFigures {
    pub term: i64,
    pub balance: Pence,
    pub charge: Pence,
    /// Every instalment but the last.
    pub regular: Pence,
    pub last: Pence,
    /// The amount that the customer pays at the end to keep the vehicle.
    pub balloon: Pence,
    pub total_payable: Pence,
}

pub fn max_deposit(price: Pence) -> Pence {
    Pence::new(price.pence() / 2)
}

pub fn figures(
    product: FinanceProduct,
    price: Pence,
    deposit: Pence,
    wanted_term: i64,
    mileage: i64,
) -> Result<QuotationFigures, ErrorObject> {
    let term = TERMS.into_iter().rfind(|term| *term <= wanted_term).ok_or_else(|| {
        let message = format!("a term of {wanted_term} months is not offered");
        ErrorObject::new("TermNotAvailable", message)
    })?;
    if deposit > max_deposit(price) {
        let message = format!("a deposit of {deposit} is over {}", max_deposit(price));
        return Err(ErrorObject::new("DepositOutOfRange", message));
    }
    if !(MIN_MILEAGE..=MAX_MILEAGE).contains(&mileage) {
        let message = format!("{mileage} miles a year are not between {MIN_MILEAGE} and {MAX_MILEAGE}");
        return Err(ErrorObject::new("AnnualMileageOutOfRange", message));
    }
    let residual = if product.keeps_value() {
        let points = (6_500 - 75 * term - mileage / 20).clamp(500, 4_500);
        Pence::new((price.pence() * points + 5_000) / 10_000)
    } else {
        Pence::ZERO
    };
    let balance = price - deposit;
    let charge = Pence::new(((balance + residual).pence() * 35 * term + 12_000) / 24_000);
    let instalments = balance - residual + charge;
    let regular = Pence::new(instalments.pence() / term);
    let balloon = if product == FinanceProduct::ContractPurchase {
        residual
    } else {
        Pence::ZERO
    };
    Ok(QuotationFigures {
        term,
        balance,
        charge,
        regular,
        last: instalments - regular * (term - 1),
        balloon,
        total_payable: deposit + instalments + balloon,
    })
}
