//! Asking MMOB, within what a minute leaves.

use std::time::Duration;

use model::error::Verdict;
use model::order::{Order, OrderUser};
use model::product::{Product, ProductPrice};
use model::{Error, Kind, Result};
use partners::{Answer, Call, mmob};
use runtime::Cx;
use runtime::transport::Trip;
use tokio::time::Instant;

use super::row::OrderRow;
use crate::Env;
use crate::product::ProductRow;

/// What one answer may take.
const PATIENCE: Duration = Duration::from_millis(700);
/// Enough for an answer, a fresh key and another answer.
const WITH_A_FRESH_KEY: Duration = Duration::from_millis(3700);
/// Before a question is put again.
const PAUSE: Duration = Duration::from_millis(100);

/// What MMOB knows of an order, and what we do about its product.
pub struct Placed {
    pub order: Order,
    pub product: Product,
    pub price: ProductPrice,
    pub user: OrderUser,
    /// None where nothing is set up.
    pub ours: Option<ProductRow>,
}

/// Asks once more where that may help and there is time.
pub async fn ask<T>(
    cx: &Cx<Env>,
    row: &OrderRow,
    call: Result<Call>,
    read: impl Fn(&Answer) -> Result<T>,
) -> Result<T> {
    let call = call?;
    let first = put(cx, row, &call, PATIENCE, &read).await;
    let patience = match &first {
        Err(error) if error.kind == Kind::PartnerAuth => WITH_A_FRESH_KEY,
        Err(error) if [Kind::PartnerError, Kind::PartnerTimeout, Kind::PartnerUnreachable].contains(&error.kind) => {
            PATIENCE
        }
        _ => return first,
    };
    tokio::time::sleep(PAUSE).await;
    put(cx, row, &call, patience, &read).await
}

async fn put<T>(
    cx: &Cx<Env>,
    row: &OrderRow,
    call: &Call,
    patience: Duration,
    read: impl Fn(&Answer) -> Result<T>,
) -> Result<T> {
    let env = &cx.env;
    let now = Instant::now();
    if cx.deadline <= now {
        return Err(Error::new(Kind::Unavailable, "an order ran out of time"));
    }
    let trip = Trip {
        correlation: row.correlation_id,
        clock: cx.clock,
        deadline: cx.deadline.min(now + patience),
        unhurried: false,
    };
    env.outbound
        .exchange(&env.target()?, &env.policy()?.single(), trip, call, read)
        .await
}

/// The order as MMOB has it now.
pub async fn order(cx: &Cx<Env>, row: &OrderRow) -> Result<Order> {
    let read = |answer: &_| mmob::read_order(&row.id, answer).and_then(known);
    ask(cx, row, mmob::order(&row.id), read).await
}

/// All of it at once, by the ids that the webhook named. Where MMOB itself names others, those hold.
pub async fn placed(cx: &Cx<Env>, row: &OrderRow) -> Result<Placed> {
    let (order, rest) = tokio::join!(
        self::order(cx, row),
        rest(cx, row, &row.prod_id, &row.pricing_id, &row.tpp_user_id)
    );
    let order = order?;
    let same = order.product == row.prod_id && order.price == row.pricing_id && order.user == row.tpp_user_id;
    let (product, price, user, ours) = match same {
        true => rest?,
        false => self::rest(cx, row, &order.product, &order.price, &order.user).await?,
    };
    Ok(Placed {
        order,
        product,
        price,
        user,
        ours,
    })
}

type Rest = (Product, ProductPrice, OrderUser, Option<ProductRow>);

async fn rest(cx: &Cx<Env>, row: &OrderRow, product: &str, price: &str, user: &str) -> Result<Rest> {
    let read_product = |answer: &_| mmob::read_product(product, answer).and_then(known);
    let read_price = |answer: &_| mmob::read_price(price, answer).and_then(known);
    let read_user = |answer: &_| mmob::read_user(user, answer).and_then(known);
    tokio::try_join!(
        ask(cx, row, mmob::product(product), read_product),
        ask(cx, row, mmob::price(cx.env.price_path(), product, price), read_price),
        ask(cx, row, mmob::user(user), read_user),
        ProductRow::load(&cx.env, product),
    )
}

fn known<T>(found: Option<T>) -> Result<T> {
    found.ok_or_else(|| Error::new(Kind::PartnerBadResponse, "MMOB does not have what it has posted"))
}

/// A failure with which the message comes back: an order is not let go because MMOB is unwell.
pub fn again(error: Error) -> Error {
    match error.kind.rule().verdict {
        Verdict::Retry => error,
        Verdict::Park | Verdict::Drop => Error::new(Kind::PartnerError, "MMOB is asked again").because(error),
    }
}
