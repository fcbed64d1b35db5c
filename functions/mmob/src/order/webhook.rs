//! `POST /webhooks/mmob/{token}`, also through a function URL. Stores the order and enqueues it. The worker does the rest.

use std::borrow::Cow;
use std::time::Duration;

use garde::Validate;
use model::{Error, Kind, Result, json};
use runtime::port::metric;
use runtime::work::inbox::{self, Received};
use runtime::{Cx, Domain, EmptyObject, Input, Parts, Raw};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::process::enqueue;
use super::row::{OrderIds, OrderRow};
use crate::Env;

/// The second message arrives in time for the last attempt within the user's minute.
const SECOND_MESSAGE_DELAY: Duration = Duration::from_secs(45);
const MAX_ID_LENGTH: usize = 64;

/// An order as MMOB posts it. The request has no signature, so the worker reads the order from MMOB. The webhook keeps the
/// ids, and a keyed hash of the input to compare a repeated notice with.
#[derive(Deserialize, Validate, ToSchema)]
pub struct OrderNotice {
    /// MMOB's id of the order.
    #[garde(custom(is_id))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    id: String,
    /// MMOB's id of the product.
    #[garde(custom(is_id))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    prod_id: String,
    /// MMOB's id of the product's price.
    #[garde(custom(is_id))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    pricing_id: String,
    /// MMOB's id of the user who placed the order.
    #[garde(custom(is_id))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    tpp_user_id: String,
    /// The user's input. Its members vary by product.
    #[garde(skip)]
    #[schema(value_type = Option<Object>)]
    input: Option<Box<RawValue>>,
}

/// MMOB's ids become parts of paths, of keys and of `webhook-id`.
fn is_id(id: &str, (): &()) -> garde::Result {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=MAX_ID_LENGTH).contains(&id.len()) && id.bytes().all(plain) {
        Ok(())
    } else {
        Err(garde::Error::new("must be an id"))
    }
}

/// A notice, with its input as one text for all spellings.
pub struct PostedOrder {
    notice: OrderNotice,
    input: String,
}

impl PostedOrder {
    pub fn read(body: &[u8]) -> Result<Self> {
        let parts = Parts {
            content_type: Some("application/json"),
            body: Cow::Borrowed(body),
            ..Parts::default()
        };
        let read = <OrderNotice as Input>::read(&parts);
        let notice = read.map_err(|_| Error::new(Kind::Malformed, "The body is not an order."))?;
        let input = match &notice.input {
            Some(input) => canonical(input)?,
            None => "{}".to_owned(),
        };
        Ok(Self { notice, input })
    }

    /// Equal inputs have equal texts.
    pub fn input(&self) -> &str {
        &self.input
    }

    fn into_row(self, cx: &Cx<Env>) -> OrderRow {
        let input = cx.env.redactor().digest(&self.input);
        let ids = OrderIds {
            order: self.notice.id,
            product: self.notice.prod_id,
            price: self.notice.pricing_id,
            user: self.notice.tpp_user_id,
        };
        OrderRow::receive(ids, input, cx.correlation, cx.now())
    }
}

/// The input as one text for all its spellings. Its numbers keep all their digits.
fn canonical(input: &RawValue) -> Result<String> {
    match json::Value::parse(input.get()) {
        Ok(json::Value::Object(members)) => Ok(members.canonical()),
        _ => Err(Error::new(Kind::Malformed, "The body is not an order.")),
    }
}

/// Takes an order from MMOB.
///
/// MMOB signs no requests, so the address has a token, and the hub reads each order from MMOB before it acts. A repeated
/// order has no effect.
#[utoipa::path(
    post,
    path = "/webhooks/mmob/{token}",
    operation_id = "mmob-order-webhook",
    params(("token" = String, Path, description = "A secret between MMOB and the hub")),
    request_body(content = OrderNotice, description = "MMOB's order"),
    responses(
        (status = 200, description = "The hub has the order, new or repeated", body = EmptyObject),
        (status = 400, description = "Not an order"),
        (status = 404, description = "The token is wrong"),
        (status = 409, description = "The order differs from an earlier one with this id, or is changing now"),
        (status = 503, description = "No token is set"),
    )
)]
pub async fn webhook(cx: Cx<Env>, hook: Raw) -> Result<EmptyObject> {
    let token = hook.path.get("token").map_or("", String::as_str);
    let verified = cx.env.check_token(token, cx.now());
    let read = |()| Ok(Some(PostedOrder::read(&hook.body)?.into_row(&cx)));
    match inbox::receive(cx.env.table()?, verified, read).await? {
        Some(Received::New(order)) => enqueue_twice(&cx, &order.id).await?,
        Some(Received::Repeated { stored, posted }) => repeated(&cx, stored, &posted).await?,
        None => {}
    }
    Ok(EmptyObject {})
}

async fn repeated(cx: &Cx<Env>, mut row: OrderRow, posted: &OrderRow) -> Result<()> {
    if row.is_repeated_by(posted) {
        // The first call may have crashed before it sent the messages.
        return match row.is_unfinished() {
            true => enqueue(&cx.env, &row.id, Duration::ZERO).await,
            false => Ok(()),
        };
    }
    if !row.begin_again(posted, cx.now()) {
        metric::count("ConflictingOrders", 1);
        tracing::warn!(correlation = %row.correlation_id, "MMOB has posted an order again with other content");
        return Err(Error::new(
            Kind::Conflict,
            "An earlier order with this id has other content.",
        ));
    }
    if !row.write(cx).await? {
        return Err(Error::new(
            Kind::InProgress,
            "The order is changing now. Send it again.",
        ));
    }
    enqueue_twice(cx, &row.id).await
}

/// For now, and once more before the user's minute is over.
async fn enqueue_twice(cx: &Cx<Env>, id: &str) -> Result<()> {
    let (now, later) = tokio::join!(
        enqueue(&cx.env, id, Duration::ZERO),
        enqueue(&cx.env, id, SECOND_MESSAGE_DELAY)
    );
    now.and(later)
}
