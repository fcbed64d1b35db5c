//! Step three: the price of our vehicle and product, from a schedule that adds up to the penny.

use call::{decimal, optional_decimal, optional_end, or_default, read, whole};
use jiff::Timestamp;
use model::money::Money;
use model::quote::Price;
use model::{Error, Kind, Result};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::refusal::{ErrorReport, Refusal};
use crate::funder::QuoteContext;

/// The longest term that callers may ask for.
const MAX_MONTHS: u32 = 120;

pub fn price(context: &QuoteContext, product: &str, body: &[u8]) -> Result<Price> {
    let calculation: Calculation = read(body)?;
    let id = context.reference.to_string();
    let vehicle = calculation.vehicles.into_iter().find(|vehicle| vehicle.id == id);
    let vehicle = vehicle.ok_or_else(|| unusable("no result for our vehicle"))?;
    ErrorReport {
        has_error: vehicle.has_error,
        error: vehicle.error,
    }
    .check()?;
    let mut refused = None;
    for quotation in vehicle.finance_quotations {
        let report = ErrorReport {
            has_error: quotation.has_error,
            error: quotation.error,
        };
        let finance = match (report.check(), quotation.finance) {
            (Ok(()), Some(finance)) => read::<Finance>(finance.get().as_bytes())?,
            (checked, _) => {
                refused = refused.or(checked.err());
                continue;
            }
        };
        if finance.key == product {
            return finance.quote.price();
        }
    }
    Err(refused.unwrap_or_else(|| unusable("no quotation for our product")))
}

fn unusable(what: &str) -> Error {
    Error::new(Kind::PartnerBadResponse, format!("Alphabet answered {what}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Calculation {
    vehicles: Vec<Vehicle>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vehicle {
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    has_error: bool,
    error: Option<Refusal>,
    #[serde(default, deserialize_with = "or_default")]
    finance_quotations: Vec<Quotation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Quotation {
    #[serde(default, deserialize_with = "or_default")]
    has_error: bool,
    error: Option<Refusal>,
    /// Read only if the quotation did not fail.
    finance: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Finance {
    key: String,
    quote: Quote,
}

/// The schedule is `Payments` and the balloon `Residual`: `TotalNumberOfRegularPayments` is known to be wrong at times, and
/// `FinalPayment` is the last instalment.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Quote {
    quote_reference: String,
    #[serde(deserialize_with = "whole")]
    term: u32,
    #[serde(deserialize_with = "decimal")]
    regular_payment: Decimal,
    #[serde(deserialize_with = "decimal")]
    total_deposit: Decimal,
    #[serde(deserialize_with = "decimal")]
    total_amount_payable: Decimal,
    #[serde(default, deserialize_with = "optional_decimal")]
    apr: Option<Decimal>,
    #[serde(default, deserialize_with = "optional_decimal")]
    residual: Option<Decimal>,
    #[serde(default, deserialize_with = "optional_end")]
    valid_to: Option<Timestamp>,
    payments: Vec<Payment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Payment {
    #[serde(deserialize_with = "decimal")]
    amount: Decimal,
    #[serde(deserialize_with = "whole")]
    number_of_payments: u32,
}

impl Quote {
    fn price(self) -> Result<Price> {
        let monthly_payment = money(self.regular_payment, "no usable RegularPayment")?;
        let deposit = money(self.total_deposit, "no usable TotalDeposit")?;
        let payable = money(self.total_amount_payable, "no usable TotalAmountPayable")?;
        let balloon = self.residual.map(|amount| money(amount, "no usable Residual"));
        let balloon = balloon.transpose()?.filter(|balloon| balloon.minor > 0);
        let scheduled = self.scheduled(monthly_payment, balloon)?;
        if scheduled.checked_add(deposit.minor) != Some(payable.minor) {
            return Err(unusable("Payments that do not add up to TotalAmountPayable"));
        }
        let regular = scheduled - balloon.map_or(0, |balloon| balloon.minor);
        if monthly_payment.minor == 0 || regular < monthly_payment.minor {
            return Err(unusable("no usable price"));
        }
        if !(1..=MAX_MONTHS).contains(&self.term) {
            return Err(unusable("no usable Term"));
        }
        if self.quote_reference.is_empty() || self.quote_reference.len() > 100 {
            return Err(unusable("no usable QuoteReference"));
        }
        if self.apr.is_some_and(|apr| apr.is_sign_negative()) {
            return Err(unusable("no usable Apr"));
        }
        Ok(Price {
            monthly_payment,
            total_amount: Money::pence(regular),
            total_amount_payable: payable,
            apr: self.apr,
            balloon_payment: balloon,
            term: self.term,
            external_quote_id: self.quote_reference,
            external_reference: None,
            valid_until: self.valid_to,
        })
    }

    /// The pence of all `Payments`. The regular payment and the balloon must be among them.
    fn scheduled(&self, regular: Money, balloon: Option<Money>) -> Result<i64> {
        let mut missing = vec![regular];
        missing.extend(balloon);
        let mut sum = 0_i64;
        for payment in &self.payments {
            let each = money(payment.amount, "no usable Payments")?;
            let all = each.minor.checked_mul(payment.number_of_payments.into());
            let all = all.and_then(|all| all.checked_add(sum));
            sum = all.ok_or_else(|| unusable("no usable Payments"))?;
            if payment.number_of_payments > 0 {
                missing.retain(|amount| *amount != each);
            }
        }
        if missing.is_empty() {
            Ok(sum)
        } else {
            Err(unusable("Payments without the regular payment or the Residual"))
        }
    }
}

fn money(amount: Decimal, what: &str) -> Result<Money> {
    let money = Money::from_decimal(amount).filter(|money| money.minor >= 0);
    money.ok_or_else(|| unusable(what))
}

#[cfg(test)]
mod tests;
