//! What becomes of an order, by how its product is fulfilled.

use std::collections::BTreeMap;

use model::Result;
use model::order::{Order, Outcome};
use runtime::Cx;
use serde_json::Value;

use super::ask::{again, placed};
use super::callback::call;
use super::row::{Manual, OrderRow, Step};
use crate::Env;
use crate::product::Fulfilment;

pub enum Decision {
    /// To be told to MMOB.
    Ours(Outcome),
    /// Somebody has decided on MMOB's own dashboard, before we did anything.
    Theirs(Outcome),
    Nobodys(Manual),
}

pub async fn decide(cx: &Cx<Env>, row: &mut OrderRow) -> Result<Decision> {
    let placed = placed(cx, row).await.map_err(again)?;
    // A provider that may have been asked is asked for its answer first, whatever MMOB says meanwhile.
    if placed.order.outcome.status.is_final() && row.step == Step::Received {
        return Ok(Decision::Theirs(placed.order.outcome));
    }
    match placed.ours.as_ref().map(|ours| &ours.fulfilment) {
        None => Ok(Decision::Nobodys(Manual::UnknownProduct)),
        Some(Fulfilment::Manual) => Ok(Decision::Nobodys(Manual::ByHand)),
        Some(Fulfilment::Auto { required_inputs }) => Ok(Decision::Ours(by_input(required_inputs, &placed.order))),
        Some(Fulfilment::Callback { url, secret }) => call(cx, row, url, secret, &placed).await,
    }
}

fn by_input(required: &[String], order: &Order) -> Outcome {
    let given = |name: &str| match order.input.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(_) => true,
    };
    let missing: Vec<String> = required.iter().filter(|name| !given(name)).cloned().collect();
    if missing.is_empty() {
        Outcome::succesful(BTreeMap::new())
    } else {
        Outcome::need_more_info(missing)
    }
}
