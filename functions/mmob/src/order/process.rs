//! SQS `mmob-orders`: fulfils an order and reports to MMOB.
//!
//! A worker leases the row for longer than it can run. It stores the step before it calls a provider, and the decision before
//! it reports to MMOB. After a crash, the next worker continues from what is stored: it calls the provider under the same id,
//! and reports to MMOB only if MMOB's status differs.

use std::collections::BTreeMap;
use std::time::Duration;

use garde::Validate;
use model::order::{Order, OrderOutcome};
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::work::row::Row;
use runtime::work::share::{self, HeldPlace};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{self, RemoteState};
use super::provider::{self, ProviderDecision};
use super::row::{Manual, OrderRow, OrderStep, WORKER_LEASE};
use crate::Env;
use crate::product::{self, Fulfilment, ProductRow};

/// A message for the worker: the order to look at. The order's row determines the work.
#[derive(Debug, PartialEq, Serialize, Deserialize, Validate)]
pub struct OrderMessage {
    #[garde(length(min = 1, max = 64))]
    pub id: String,
}

/// Makes the worker look at an order after `delay`.
pub async fn enqueue(env: &Env, id: &str, delay: Duration) -> Result<()> {
    let message = OrderMessage { id: id.to_owned() };
    env.order_queue()?.send(&message, delay).await
}

pub async fn process(cx: Cx<Env>, message: OrderMessage) -> Result<()> {
    let result = advance(&cx, &message.id).await;
    cx.env.outbound.tracer.flush().await;
    result
}

async fn advance(cx: &Cx<Env>, id: &str) -> Result<()> {
    let Some(mut row) = OrderRow::load(cx.env.table()?, id).await? else {
        return Ok(());
    };
    // The worker that holds the lease has its own message, which comes back if that worker does not finish.
    if !row.is_unfinished() || row.is_leased(cx.now()) {
        return Ok(());
    }
    if let Some(why) = row.given_up(cx.now()) {
        return row.escalate(cx, why).await;
    }
    if row.decision.is_some() {
        return match lease(cx, &mut row).await? {
            true => resume(cx, &mut row).await,
            false => Ok(()),
        };
    }
    if row.is_waiting(cx.now()) {
        return Ok(());
    }
    let product = ProductRow::load(cx.env.table()?, &row.prod_id).await?;
    let Some(host) = product.and_then(|product| product.fulfilment.host()) else {
        return fulfil_leased(cx, &mut row, None).await;
    };
    let share = cx.env.share(&host, WORKER_LEASE)?;
    let Some(mut place) = share.take(cx.now()).await? else {
        return wait(cx, &mut row).await;
    };
    let result = fulfil_leased(cx, &mut row, Some(&mut place)).await;
    share.free(place, cx.now()).await;
    result
}

/// Leases the order and decides it, unless another writer has changed it.
async fn fulfil_leased(cx: &Cx<Env>, row: &mut OrderRow, place: Option<&mut HeldPlace>) -> Result<()> {
    match lease(cx, row).await? {
        true => fulfil(cx, row, place).await,
        false => Ok(()),
    }
}

/// Leases the order to this worker and lists it. False if another writer has changed it.
async fn lease(cx: &Cx<Env>, row: &mut OrderRow) -> Result<bool> {
    row.lease(cx.now());
    let rows = cx.env.table()?;
    let listed = rows.append(vec![row.entry(rows)?]);
    let (leased, listed) = tokio::join!(row.write(cx), listed);
    if !leased? {
        return Ok(false);
    }
    listed.map(|()| true)
}

/// Sends the order back to the queue: its provider occupies its share of the workers.
async fn wait(cx: &Cx<Env>, row: &mut OrderRow) -> Result<()> {
    let delay = share::wait(&row.id, row.age(cx.now()));
    // Before the message is sent, so that it does not come back too early.
    let is_first = row.wait_for_place(cx.now(), delay);
    enqueue(&cx.env, &row.id, delay).await?;
    if is_first {
        let rows = cx.env.table()?;
        rows.append(vec![row.entry(rows)?]).await?;
    }
    // A refused write means that another worker has the order.
    row.write(cx).await.map(drop)
}

/// Decides an order by the fulfilment of its product.
async fn fulfil(cx: &Cx<Env>, row: &mut OrderRow, place: Option<&mut HeldPlace>) -> Result<()> {
    let placed = client::placed(cx, row).await?;
    // An operator has decided on MMOB's dashboard. A provider that may have been called decides first, whatever MMOB shows.
    if placed.order.outcome.status.is_final() && row.step == OrderStep::Received {
        row.decide(placed.order.outcome, cx.now());
        row.finish();
        return row.keep(cx).await;
    }
    let decision = match placed.fulfilment.as_ref() {
        None => ProviderDecision::Escalate(Manual::UnknownProduct),
        Some(Fulfilment::Manual) => ProviderDecision::Escalate(Manual::ByHand),
        Some(Fulfilment::Auto { required_inputs }) => {
            ProviderDecision::Report(by_input(required_inputs, &placed.order))
        }
        Some(Fulfilment::Callback { url, secret }) => {
            let secret = product::open(&cx.env, &placed.product.id, secret, cx.now()).await?;
            provider::decide(cx, row, (url, &secret), &placed, place).await?
        }
    };
    match decision {
        ProviderDecision::Report(outcome) => {
            row.decide(outcome, cx.now());
            row.keep(cx).await?;
            report(cx, row).await
        }
        ProviderDecision::Escalate(why) => row.escalate(cx, why).await,
    }
}

fn by_input(required: &[String], order: &Order) -> OrderOutcome {
    let given = |name: &str| match order.input.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(_) => true,
    };
    let missing: Vec<String> = required.iter().filter(|name| !given(name)).cloned().collect();
    if missing.is_empty() {
        OrderOutcome::succesful(BTreeMap::new())
    } else {
        OrderOutcome::need_more_info(missing)
    }
}

/// Resumes an order whose worker crashed after deciding. Reports to MMOB only if MMOB's status differs.
async fn resume(cx: &Cx<Env>, row: &mut OrderRow) -> Result<()> {
    match client::remote_state(cx, row, &decision(row)?).await? {
        RemoteState::Same => finish(cx, row).await,
        RemoteState::Different => row.escalate(cx, Manual::Conflict).await,
        RemoteState::Open => report(cx, row).await,
    }
}

/// Reports a decision that MMOB does not have.
async fn report(cx: &Cx<Env>, row: &mut OrderRow) -> Result<()> {
    let outcome = decision(row)?;
    match client::update(cx, row, &outcome).await {
        Ok(()) => finish(cx, row).await,
        // MMOB may have this decision from an earlier attempt, or another one.
        Err(error) if error.kind == Kind::PartnerRejected => match client::remote_state(cx, row, &outcome).await? {
            RemoteState::Same => finish(cx, row).await,
            RemoteState::Different => row.escalate(cx, Manual::Conflict).await,
            RemoteState::Open => Err(client::retryable(error)),
        },
        Err(error) => Err(client::retryable(error)),
    }
}

fn decision(row: &OrderRow) -> Result<OrderOutcome> {
    let decision = row.decision.clone();
    decision.ok_or_else(|| Error::new(Kind::Internal, "an order without a decision cannot be reported"))
}

async fn finish(cx: &Cx<Env>, row: &mut OrderRow) -> Result<()> {
    row.finish();
    row.keep(cx).await
}
