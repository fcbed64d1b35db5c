//! Calls to a provider's own endpoint, which decides an order. The call is a signed POST in the form of Standard Webhooks.
//! Its id is the same for each call of a round, so that the provider can dedupe.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use call::read;
use http::{HeaderMap, StatusCode};
use model::currency::CurrencyCode;
use model::order::{OrderOutcome, OrderUser};
use model::time::UtcTime;
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::http::signature;
use runtime::port::transport::MAX_ANSWER_BYTES;
use runtime::work::share::HeldPlace;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::client::PlacedOrder;
use super::row::{Manual, OrderRow, OrderStep};
use crate::Env;

const PROVIDER_TIMEOUT: Duration = Duration::from_secs(4);
/// Kept back to store the decision and to report it to MMOB.
const REPORT_RESERVE: Duration = Duration::from_millis(1600);
/// A call with less time than this would be in vain.
const MIN_TIME_LEFT: Duration = Duration::from_millis(500);

/// What becomes of an order.
pub enum ProviderDecision {
    Report(OrderOutcome),
    Escalate(Manual),
}

pub async fn decide(
    cx: &Cx<Env>,
    row: &mut OrderRow,
    (url, secret): (&str, &str),
    placed: &PlacedOrder,
    place: Option<&mut HeldPlace>,
) -> Result<ProviderDecision> {
    // The rules may have changed since the product was created.
    if cx.env.egress.endpoint("url", url).is_err() {
        return Ok(ProviderDecision::Escalate(Manual::AddressRefused));
    }
    let body = body(row, placed)?;
    time_left(cx)?;
    if row.step != OrderStep::Calling {
        row.step = OrderStep::Calling;
        row.keep(cx).await?;
    }
    let request = signature::request(url, secret, &row.callback_id(), cx.now(), body)?;
    let (timeout, began) = (time_left(cx)?, Instant::now());
    let answer = tokio::time::timeout(timeout, cx.env.transport().send(request, MAX_ANSWER_BYTES)).await;
    if let Some(place) = place {
        place.took(began.elapsed());
    }
    match answer {
        Ok(Ok(response)) => decision(&response),
        Ok(Err(error)) => permanent(&error).map(ProviderDecision::Escalate).ok_or(error),
        Err(_) => Err(Error::new(Kind::PartnerTimeout, "the provider did not answer in time")),
    }
}

fn time_left(cx: &Cx<Env>) -> Result<Duration> {
    let left = cx.deadline.saturating_duration_since(Instant::now());
    let timeout = PROVIDER_TIMEOUT.min(left.saturating_sub(REPORT_RESERVE));
    let late = || Error::new(Kind::Unavailable, "an order ran out of time");
    (timeout >= MIN_TIME_LEFT).then_some(timeout).ok_or_else(late)
}

/// A failing provider is called again. A refusal, or a response without a usable decision, is a matter for an operator.
fn decision((status, _, body): &(StatusCode, HeaderMap, Bytes)) -> Result<ProviderDecision> {
    match status.as_u16() {
        200..=299 => {
            let outcome = read::<OrderOutcome>(body).and_then(OrderOutcome::checked);
            Ok(outcome.map_or(ProviderDecision::Escalate(Manual::Unusable), ProviderDecision::Report))
        }
        408 | 425 | 429 | 500..=599 => {
            let message = format!("the provider answered {status}");
            Err(Error::new(Kind::PartnerError, message))
        }
        _ => Ok(ProviderDecision::Escalate(Manual::Refused)),
    }
}

/// Why the order needs an operator, if no repetition of the call can help.
fn permanent(error: &Error) -> Option<Manual> {
    match error.kind {
        Kind::PartnerBadResponse => Some(Manual::Unusable),
        Kind::Misconfigured => Some(Manual::AddressRefused),
        _ => None,
    }
}

/// The event that a provider gets. It has no more of the user than MMOB's own dashboard shows to a provider.
#[derive(Serialize, ToSchema)]
pub struct OrderEvent<'a> {
    /// Always `order.placed`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// When the hub received the order, or its last change.
    timestamp: UtcTime,
    /// The order, its product, its price and its user.
    data: PlacedOrderData<'a>,
}

/// An order with its product, its price and its user.
#[derive(Serialize, ToSchema)]
pub struct PlacedOrderData<'a> {
    /// The order.
    order: EventOrder<'a>,
    /// The product that was ordered.
    product: EventProduct<'a>,
    /// The price that the user chose.
    pricing: EventPrice<'a>,
    /// The user who placed the order.
    user: &'a OrderUser,
}

/// An order, as its provider gets it.
#[derive(Serialize, ToSchema)]
pub struct EventOrder<'a> {
    /// MMOB's id of the order.
    id: &'a str,
    /// 1, plus one each time the user gives missing information.
    round: u32,
    /// The user's input. Its members vary by product.
    #[schema(value_type = Object)]
    input: &'a Map<String, Value>,
}

/// A product, as its provider gets it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventProduct<'a> {
    /// MMOB's id of the product.
    id: &'a str,
    /// The product's name at MMOB.
    name: &'a str,
    /// The product's own texts, by name.
    meta: &'a BTreeMap<String, String>,
    /// The hub's id of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_key: Option<&'a str>,
}

/// A price, as its product's provider gets it.
#[derive(Serialize, ToSchema)]
pub struct EventPrice<'a> {
    /// MMOB's id of the price.
    id: &'a str,
    /// ISO 4217.
    currency: CurrencyCode,
    /// In the currency's minor units.
    amount: i64,
}

fn body(row: &OrderRow, placed: &PlacedOrder) -> Result<Bytes> {
    let event = OrderEvent {
        kind: "order.placed",
        timestamp: row.received_at.into(),
        data: PlacedOrderData {
            order: EventOrder {
                id: &row.id,
                round: row.round,
                input: &placed.order.input,
            },
            product: EventProduct {
                id: &placed.product.id,
                name: &placed.product.name,
                meta: &placed.product.meta,
                external_key: placed.product.external_key.as_deref(),
            },
            pricing: EventPrice {
                id: &placed.price.id,
                currency: placed.price.currency,
                amount: placed.price.amount,
            },
            user: &placed.user,
        },
    };
    let body = serde_json::to_vec(&event).map_err(|error| Error::new(Kind::Internal, "an order").because(error))?;
    Ok(body.into())
}
