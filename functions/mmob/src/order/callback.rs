//! Asking a provider's own endpoint what becomes of an order: a signed POST as Standard Webhooks has it, under an id that
//! is the same however often it is asked.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use model::order::{OrderUser, Outcome};
use model::product::CurrencyCode;
use model::{Error, Kind, Result};
use partners::read;
use runtime::{Cx, signature};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use tokio::time::Instant;

use super::ask::Placed;
use super::fulfil::Decision;
use super::row::{Manual, OrderRow, Step};
use super::save::save;
use crate::Env;

/// A provider answers within this time.
const PATIENCE: Duration = Duration::from_secs(4);
/// Kept back to write down and tell MMOB what the provider said.
const AFTERWARDS: Duration = Duration::from_millis(1600);
/// With less than this left there is no use in asking.
const WORTHWHILE: Duration = Duration::from_millis(500);

/// What a provider is sent. It is no more of the user than MMOB's own dashboard shows a provider.
#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    order: OrderData<'a>,
    product: ProductData<'a>,
    pricing: PriceData<'a>,
    user: &'a OrderUser,
}

#[derive(Serialize)]
struct OrderData<'a> {
    id: &'a str,
    /// 1, and one more each time that the user has given more information.
    round: u32,
    input: &'a Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductData<'a> {
    id: &'a str,
    name: &'a str,
    meta: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_key: Option<&'a str>,
}

#[derive(Serialize)]
struct PriceData<'a> {
    id: &'a str,
    currency: CurrencyCode,
    /// In the currency's minor units.
    amount: i64,
}

pub async fn call(cx: &Cx<Env>, row: &mut OrderRow, url: &str, secret: &str, placed: &Placed) -> Result<Decision> {
    // What was accepted once may be refused by now.
    if cx.env.egress.endpoint("url", url).is_err() {
        return Ok(Decision::Nobodys(Manual::AddressRefused));
    }
    let body = body(row, placed)?;
    patience(cx)?;
    if row.step != Step::Calling {
        row.step = Step::Calling;
        save(cx, row).await?;
    }
    let request = signature::request(url, secret, &row.callback_id(), cx.now(), body)?;
    match tokio::time::timeout(patience(cx)?, cx.env.transport().send(request)).await {
        Ok(Ok(answer)) => understood(&answer),
        Ok(Err(error)) => hopeless(error).map(Decision::Nobodys),
        Err(_) => Err(Error::new(Kind::PartnerTimeout, "the provider did not answer in time")),
    }
}

fn patience(cx: &Cx<Env>) -> Result<Duration> {
    let left = cx.deadline.saturating_duration_since(Instant::now());
    let patience = PATIENCE.min(left.saturating_sub(AFTERWARDS));
    let late = || Error::new(Kind::Unavailable, "an order ran out of time");
    (patience >= WORTHWHILE).then_some(patience).ok_or_else(late)
}

fn body(row: &OrderRow, placed: &Placed) -> Result<Bytes> {
    let event = Event {
        kind: "order.placed",
        timestamp: row.received_at,
        data: Data {
            order: OrderData {
                id: &row.id,
                round: row.round,
                input: &placed.order.input,
            },
            product: ProductData {
                id: &placed.product.id,
                name: &placed.product.name,
                meta: &placed.product.meta,
                external_key: placed.product.external_key.as_deref(),
            },
            pricing: PriceData {
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

/// A provider that is unwell is asked again; one that refuses, or says nothing that can be used, is an operator's to talk to.
fn understood((status, _, body): &(StatusCode, HeaderMap, Bytes)) -> Result<Decision> {
    match status.as_u16() {
        200..=299 => {
            let outcome = read::<Outcome>(body).and_then(Outcome::checked);
            Ok(outcome.map_or(Decision::Nobodys(Manual::Unusable), Decision::Ours))
        }
        408 | 425 | 429 | 500..=599 => {
            let message = format!("the provider answered {status}");
            Err(Error::new(Kind::PartnerError, message))
        }
        _ => Ok(Decision::Nobodys(Manual::Refused)),
    }
}

/// What no repetition can help.
fn hopeless(error: Error) -> Result<Manual> {
    match error.kind {
        Kind::PartnerBadResponse => Ok(Manual::Unusable),
        Kind::Misconfigured => Ok(Manual::AddressRefused),
        _ => Err(error),
    }
}
