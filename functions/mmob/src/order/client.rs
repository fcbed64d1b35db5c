//! Calls to MMOB about an order, within the user's minute.

use std::time::Duration;

use call::{Answer, Call};
use model::error::Verdict;
use model::order::{Order, OrderOutcome, OrderUser};
use model::product::{Product, ProductPrice};
use model::{Error, Kind, Result};
use partners_marketplace::{Marketplace, Mmob};
use runtime::Cx;
use runtime::transport::CallContext;
use runtime::work::row::Row;
use tokio::time::Instant;

use super::row::OrderRow;
use crate::Env;
use crate::product::{Fulfilment, ProductRow};

/// For one response.
const MMOB_TIMEOUT: Duration = Duration::from_millis(700);
/// For a response, a new key and another response.
const NEW_KEY_TIMEOUT: Duration = Duration::from_millis(3700);
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// An order with everything that belongs to it.
pub struct PlacedOrder {
    pub order: Order,
    pub product: Product,
    pub price: ProductPrice,
    pub user: OrderUser,
    /// None where the hub does not know the product.
    pub fulfilment: Option<Fulfilment>,
}

/// MMOB's status of an order that the hub has decided.
pub enum RemoteState {
    /// It is the hub's decision.
    Same,
    /// It is not final, so the hub may report.
    Open,
    /// It is final, and another one.
    Different,
}

/// The order with its product, price and user. The requests run together, with the ids that MMOB posted. Where MMOB's own
/// order names other ids, those win.
pub async fn placed(cx: &Cx<Env>, row: &OrderRow) -> Result<PlacedOrder> {
    read_placed(cx, row).await.map_err(retryable)
}

async fn read_placed(cx: &Cx<Env>, row: &OrderRow) -> Result<PlacedOrder> {
    let (order, parts) = tokio::join!(
        order(cx, row),
        parts(cx, row, &row.prod_id, &row.pricing_id, &row.tpp_user_id)
    );
    let order = order?;
    let same = order.product == row.prod_id && order.price == row.pricing_id && order.user == row.tpp_user_id;
    let (product, price, user, offered) = match same {
        true => parts?,
        false => self::parts(cx, row, &order.product, &order.price, &order.user).await?,
    };
    Ok(PlacedOrder {
        order,
        product,
        price,
        user,
        fulfilment: offered.map(|offered| offered.fulfilment),
    })
}

type Parts = (Product, ProductPrice, OrderUser, Option<ProductRow>);

async fn parts(cx: &Cx<Env>, row: &OrderRow, product: &str, price: &str, user: &str) -> Result<Parts> {
    let read_product = |answer: &_| Mmob.read_product(product, answer).and_then(present);
    let read_price = |answer: &_| Mmob.read_price(price, answer).and_then(present);
    let read_user = |answer: &_| Mmob.read_user(user, answer).and_then(present);
    tokio::try_join!(
        call(cx, row, Mmob.product(product), read_product),
        call(cx, row, Mmob.price(cx.env.price_path(), product, price), read_price),
        call(cx, row, Mmob.user(user), read_user),
        ProductRow::load(cx.env.table()?, product),
    )
}

async fn order(cx: &Cx<Env>, row: &OrderRow) -> Result<Order> {
    let read = |answer: &_| Mmob.read_order(&row.id, answer).and_then(present);
    call(cx, row, Mmob.order(&row.id), read).await
}

fn present<T>(found: Option<T>) -> Result<T> {
    found.ok_or_else(|| Error::new(Kind::PartnerBadResponse, "MMOB does not have what it has posted"))
}

pub async fn update(cx: &Cx<Env>, row: &OrderRow, outcome: &OrderOutcome) -> Result<()> {
    call(cx, row, Mmob.update(&row.id, outcome), |answer| {
        Mmob.read_update(answer)
    })
    .await
}

pub async fn remote_state(cx: &Cx<Env>, row: &OrderRow, decision: &OrderOutcome) -> Result<RemoteState> {
    let remote = order(cx, row).await.map_err(retryable)?.outcome;
    Ok(match remote.status {
        // Another output with the same final status is not worth an operator's time.
        status if status.is_final() && status == decision.status => RemoteState::Same,
        status if status.is_final() => RemoteState::Different,
        _ if remote == *decision => RemoteState::Same,
        _ => RemoteState::Open,
    })
}

/// The failure with which the message comes back: an outage at MMOB must not end an order.
pub fn retryable(error: Error) -> Error {
    match error.kind.rule().verdict {
        Verdict::Retry => error,
        Verdict::Park | Verdict::Drop => {
            Error::new(Kind::PartnerError, "the call to MMOB will be repeated").because(error)
        }
    }
}

/// Repeats a call once, where that may help.
async fn call<T>(cx: &Cx<Env>, row: &OrderRow, call: Result<Call>, read: impl Fn(&Answer) -> Result<T>) -> Result<T> {
    let call = call?.about(&row.id);
    let first = attempt(cx, row, &call, (MMOB_TIMEOUT, 0), &read).await;
    let timeout = match &first {
        Err(error) if error.kind == Kind::PartnerAuth => NEW_KEY_TIMEOUT,
        Err(error) if is_repeated(error.kind) => MMOB_TIMEOUT,
        _ => return first,
    };
    tokio::time::sleep(RETRY_DELAY).await;
    attempt(cx, row, &call, (timeout, 1), &read).await
}

fn is_repeated(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PartnerError | Kind::PartnerTimeout | Kind::PartnerReset | Kind::PartnerUnreachable
    )
}

/// One attempt, after this many of the same worker. Each earlier worker of the order counts as one.
async fn attempt<T>(
    cx: &Cx<Env>,
    row: &OrderRow,
    call: &Call,
    (timeout, failed): (Duration, u32),
    read: impl Fn(&Answer) -> Result<T>,
) -> Result<T> {
    let env = &cx.env;
    let now = Instant::now();
    if cx.deadline <= now {
        return Err(Error::new(Kind::Unavailable, "an order ran out of time"));
    }
    let context = CallContext {
        deadline: cx.deadline.min(now + timeout),
        // A user waits.
        background: false,
        failed_before: row.attempts.saturating_sub(1) + failed,
        ..cx.call_context(row.correlation_id)
    };
    env.outbound
        .exchange(&env.target()?, &env.policy()?.single(), context, call, read)
        .await
}
