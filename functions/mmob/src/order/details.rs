//! What MMOB has of an order at this moment, for the operator who decides it. The hub stores nothing of it.

use std::time::Duration;

use call::{Answer, Call};
use model::order::{Order, OrderStatus, OrderUser};
use model::product::Product;
use model::{Error, Kind, Result};
use partners_marketplace::{Marketplace, Mmob};
use runtime::transport::CallContext;
use runtime::{Cx, Domain};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::row::OrderRow;
use crate::Env;

/// For each part, retries included.
const READ_TIMEOUT: Duration = Duration::from_secs(8);

/// MMOB's current data of the order. The hub does not store it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderDetails {
    /// MMOB's own status of the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<OrderStatus>,
    /// The user's input. Its members vary by product.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, nullable = false)]
    input: Option<Map<String, Value>>,
    /// The product that is ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    product: Option<OrderedProduct>,
    /// The user who placed the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<OrderUser>,
    /// The parts that the hub could not read. Their members are absent.
    unread: Vec<UnreadPart>,
}

/// The product that is ordered.
#[derive(Serialize, ToSchema)]
pub struct OrderedProduct {
    /// MMOB's id of the product.
    id: String,
    /// The product's name at MMOB.
    name: String,
}

/// A part that the hub could not read.
#[derive(Serialize, ToSchema)]
pub struct UnreadPart {
    /// The part that the hub could not read.
    part: DetailPart,
    /// The code of the failure, as problems have it.
    code: String,
    /// The failure in words.
    reason: String,
}

/// A part that the hub reads separately. `order` is MMOB's status of the order and the user's input.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DetailPart {
    /// MMOB's status of the order and the user's input.
    Order,
    Product,
    User,
}

impl UnreadPart {
    fn of(part: DetailPart, error: &Error) -> Self {
        tracing::warn!(cause = error.chain(), "a part of an order could not be read at MMOB");
        let rule = error.kind.rule();
        Self {
            part,
            code: Env::FAMILY.code(error.kind),
            // From 500 up the message is for the log.
            reason: match rule.status < 500 {
                true => error.message.clone(),
                false => rule.title.to_owned(),
            },
        }
    }
}

impl OrderDetails {
    /// Reads the order, its product and its user together. Where MMOB's own order names another product or user than MMOB posted,
    /// that one is read.
    pub async fn read(cx: &Cx<Env>, row: &OrderRow) -> Self {
        let (order, product, user) = tokio::join!(
            order(cx, row),
            product(cx, row, &row.prod_id),
            user(cx, row, &row.tpp_user_id)
        );
        let (product, user) = match &order {
            Ok(order) => tokio::join!(
                async {
                    match order.product == row.prod_id {
                        true => product,
                        false => self::product(cx, row, &order.product).await,
                    }
                },
                async {
                    match order.user == row.tpp_user_id {
                        true => user,
                        false => self::user(cx, row, &order.user).await,
                    }
                }
            ),
            Err(_) => (product, user),
        };
        cx.env.outbound.tracer.flush().await;
        let mut unread = Vec::new();
        let order = known(order, DetailPart::Order, &mut unread);
        let product = known(product, DetailPart::Product, &mut unread);
        Self {
            status: order.as_ref().map(|order| order.outcome.status),
            input: order.map(|order| order.input),
            product: product.map(|Product { id, name, .. }| OrderedProduct { id, name }),
            user: known(user, DetailPart::User, &mut unread),
            unread,
        }
    }
}

fn known<T>(read: Result<T>, part: DetailPart, unread: &mut Vec<UnreadPart>) -> Option<T> {
    read.map_err(|error| unread.push(UnreadPart::of(part, &error))).ok()
}

async fn order(cx: &Cx<Env>, row: &OrderRow) -> Result<Order> {
    call(cx, row, Mmob.order(&row.id), |answer| Mmob.read_order(&row.id, answer)).await
}

async fn product(cx: &Cx<Env>, row: &OrderRow, id: &str) -> Result<Product> {
    call(cx, row, Mmob.product(id), |answer| Mmob.read_product(id, answer)).await
}

async fn user(cx: &Cx<Env>, row: &OrderRow, id: &str) -> Result<OrderUser> {
    call(cx, row, Mmob.user(id), |answer| Mmob.read_user(id, answer)).await
}

async fn call<T>(
    cx: &Cx<Env>,
    row: &OrderRow,
    call: Result<Call>,
    read: impl Fn(&Answer) -> Result<Option<T>>,
) -> Result<T> {
    let (env, call) = (&cx.env, call?.about(&row.id));
    let context = CallContext {
        deadline: cx.deadline.min(Instant::now() + READ_TIMEOUT),
        // An operator waits.
        background: false,
        ..cx.call_context(cx.correlation)
    };
    let found = env
        .outbound
        .exchange(&env.target()?, &env.policy()?, context, &call, read)
        .await?;
    found.ok_or_else(|| Error::new(Kind::NotFound, "MMOB does not have it."))
}
