//! The price in the answer to a quote. Assumed: all of it.

use call::{decimal, optional_decimal, optional_end, whole};
use jiff::Timestamp;
use model::money::Money;
use model::quote::Price;
use model::{Error, Kind, Result};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::funder::QuoteContext;

pub fn read(context: &QuoteContext, body: &[u8]) -> Result<Price> {
    let quote: Calculated = call::read(body)?;
    let monthly_payment = money(quote.monthly_rental, "monthly_rental")?;
    let total_amount = money(quote.total_rentals, "total_rentals")?;
    let initial = money(quote.initial_payment, "initial_payment")?;
    let balloon_payment = quote.balloon.map(|amount| money(amount, "balloon")).transpose()?;
    if quote.quote_id.is_empty() || quote.quote_id.len() > 100 {
        return Err(unusable("quote_id"));
    }
    if monthly_payment.minor == 0 || total_amount.minor < monthly_payment.minor {
        return Err(unusable("price"));
    }
    if quote.currency.is_some_and(|currency| currency != "GBP") {
        return Err(unusable("currency"));
    }
    if quote.term == 0 || quote.apr.is_some_and(|apr| apr.is_sign_negative()) {
        return Err(unusable("term or apr"));
    }
    let final_payment = match balloon_payment {
        Some(balloon) if !context.request.contract_details.quote_type.is_contract_hire() => balloon.minor,
        _ => 0,
    };
    Ok(Price {
        monthly_payment,
        total_amount,
        total_amount_payable: Money::pence(initial.minor + total_amount.minor + final_payment),
        apr: quote.apr,
        balloon_payment,
        term: quote.term,
        external_quote_id: quote.quote_id,
        external_reference: quote.quote_reference,
        valid_until: quote.valid_until,
    })
}

fn money(amount: Decimal, what: &str) -> Result<Money> {
    let money = Money::from_decimal(amount).filter(|money| money.minor >= 0);
    money.ok_or_else(|| unusable(what))
}

fn unusable(what: &str) -> Error {
    Error::new(
        Kind::PartnerBadResponse,
        format!("LEX answered without a usable {what}"),
    )
}

#[derive(Deserialize)]
struct Calculated {
    quote_id: String,
    quote_reference: Option<String>,
    #[serde(deserialize_with = "whole")]
    term: u32,
    #[serde(deserialize_with = "decimal")]
    initial_payment: Decimal,
    #[serde(deserialize_with = "decimal")]
    monthly_rental: Decimal,
    #[serde(deserialize_with = "decimal")]
    total_rentals: Decimal,
    #[serde(default, deserialize_with = "optional_decimal")]
    apr: Option<Decimal>,
    #[serde(default, deserialize_with = "optional_decimal")]
    balloon: Option<Decimal>,
    currency: Option<String>,
    #[serde(default, deserialize_with = "optional_end")]
    valid_until: Option<Timestamp>,
}
