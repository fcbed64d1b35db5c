//! Orders and their updates.

use std::collections::BTreeMap;

use call::{Answer, Call, segment};
use model::order::{Order, OrderOutcome, OrderStatus};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer;

pub fn get(id: &str) -> Result<Call> {
    Call::get(&format!("/orders/{}", segment(id)?), "order")
}

pub fn read(id: &str, answer: &Answer) -> Result<Option<Order>> {
    let Some(body) = answer::found(answer)? else {
        return Ok(None);
    };
    let order = posted(body)?;
    answer::same(&order.id, id, "order")?;
    Ok(Some(order))
}

pub fn posted(body: &[u8]) -> Result<Order> {
    let order: WireOrder = call::read(body)?;
    for id in [&order.id, &order.prod_id, &order.pricing_id, &order.tpp_user_id] {
        segment(id)?;
    }
    let output = order.output.unwrap_or_default().into_iter();
    let output = output.map(|(name, value)| (name, answer::text(value))).collect();
    Ok(Order {
        id: order.id,
        product: order.prod_id,
        price: order.pricing_id,
        user: order.tpp_user_id,
        input: order.input.unwrap_or_default(),
        outcome: OrderOutcome::from_wire(order.status, output),
    })
}

pub fn update(id: &str, outcome: &OrderOutcome) -> Result<Call> {
    let body = WireUpdate {
        status: outcome.status,
        output: outcome.wire_output(),
    };
    Call::post(&format!("/orders/{}", segment(id)?), "order-update", &body, true)
}

/// MMOB does not document its answer, so the body of a success is not read. If MMOB does not have the order, or refuses to
/// change it, `partner_code` is the status.
pub fn read_update(answer: &Answer) -> Result<()> {
    let refused = match answer.status.as_u16() {
        404 if answer.body.is_empty() => "404",
        409 => "409",
        _ => return answer::accepted(answer).map(drop),
    };
    let mut error = Error::new(Kind::PartnerRejected, "MMOB does not take this update of the order.");
    error.partner_code = Some(refused.into());
    Err(error)
}

#[derive(Deserialize)]
struct WireOrder {
    id: String,
    status: OrderStatus,
    prod_id: String,
    pricing_id: String,
    tpp_user_id: String,
    input: Option<Map<String, Value>>,
    output: Option<Map<String, Value>>,
}

#[derive(Serialize)]
struct WireUpdate {
    status: OrderStatus,
    output: BTreeMap<String, String>,
}
