//! The arithmetic of a quotation. The lenders' own is not public: all of this is our assumption, made to be checked by
//! hand.
//!
//! 1. Offered are terms of 24, 36 and 48 months. What is asked for is shortened to the longest of these that is not
//!    longer; below 24 nothing is offered.
//! 2. The deposit may be up to half of the price, the mileage 1,000 to 60,000 a year.
//! 3. The residual in basis points = 6,500 - 75 x term - mileage / 20, at least 500 and at most 4,500; residual = price
//!    x that / 10,000, rounded to the penny. Under PCP the customer pays it at the end (the balloon); under PCH and BCH
//!    the vehicle goes back and it is not shown; HP and FL pay everything off: it is 0.
//! 4. Balance = price - deposit. Charge = (balance + residual) / 2 x 3.5 % x term / 12, rounded half up to the penny (a
//!    flat rate on the average balance).
//! 5. To pay in instalments = balance - residual + charge. The regular payment is that / term, cut to the penny; the
//!    last instalment takes the rest.
//! 6. Total payable = deposit + the instalments, under PCP + the residual.
//!
//! `Apr` is 6.9 for the credit products (PCP, HP) and null otherwise. No product is priced without VAT.
//!
//! Worked example, PCP: price 38,000.00, deposit 2,500.00, term 36, mileage 12,000. Residual 6,500 - 2,700 - 600 =
//! 3,200 basis points, 12,160.00. Balance 35,500.00. Charge 47,660.00 / 2 x 0.035 x 3 = 2,502.15. Instalments 35,500.00
//! - 12,160.00 + 2,502.15 = 25,842.15: 35 of **717.83** and one of 718.10. Total payable **40,502.15**.

use super::document::Problem;
use crate::money::Pence;

/// In months, ascending.
pub const TERMS: [i64; 3] = [24, 36, 48];
pub const LEAST_MILEAGE: i64 = 1_000;
pub const MOST_MILEAGE: i64 = 60_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    ContractPurchase,
    HirePurchase,
    PersonalHire,
    BusinessHire,
    FinanceLease,
}

impl Product {
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

pub struct Figures {
    pub term: i64,
    pub balance: Pence,
    pub charge: Pence,
    /// All instalments but the last.
    pub regular: Pence,
    pub last: Pence,
    /// What the customer pays at the end to keep the vehicle.
    pub balloon: Pence,
    pub total_payable: Pence,
}

pub fn highest_deposit(price: Pence) -> Pence {
    Pence::new(price.pence() / 2)
}

pub fn figures(product: Product, price: Pence, deposit: Pence, asked: i64, mileage: i64) -> Result<Figures, Problem> {
    let term = TERMS.into_iter().rfind(|term| *term <= asked).ok_or_else(|| {
        let message = format!("a term of {asked} months is not offered");
        Problem::new("TermNotAvailable", message)
    })?;
    if deposit > highest_deposit(price) {
        let message = format!("a deposit of {deposit} is over {}", highest_deposit(price));
        return Err(Problem::new("DepositOutOfRange", message));
    }
    if !(LEAST_MILEAGE..=MOST_MILEAGE).contains(&mileage) {
        let message = format!("{mileage} miles a year are not between {LEAST_MILEAGE} and {MOST_MILEAGE}");
        return Err(Problem::new("AnnualMileageOutOfRange", message));
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
    let balloon = if product == Product::ContractPurchase {
        residual
    } else {
        Pence::ZERO
    };
    Ok(Figures {
        term,
        balance,
        charge,
        regular,
        last: instalments - regular * (term - 1),
        balloon,
        total_payable: deposit + instalments + balloon,
    })
}
