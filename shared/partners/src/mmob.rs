//! MMOB, a marketplace on which we are a provider: orders are read and updated, products and prices are set up.
//!
//! Members, words and paths are documented, except where a comment says that they are assumed. A 404 of MMOB's own has no
//! body; one with a body comes from something in between, or from a path that MMOB does not have, and says nothing.

mod offer;
mod refusal;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, header};
use model::order::{Order, OrderStatus, OrderUser, Outcome};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Answer, Auth, Call, read, segment};

pub use offer::{
    PRICE_PATH, Page, create_price, create_product, price, product, products, read_created_price, read_created_product,
    read_price, read_product, read_products,
};

/// The registry name; also the prefix of its settings.
pub const NAME: &str = "MMOB";

/// That a header carries the key is documented, and its name is not: the setting `MMOB_API_KEY_HEADER` says another.
pub const AUTH: Auth = Auth::ApiKey {
    header: "x-api-key",
    secret: "MMOB_API_KEY",
};

/// JSON members whose values may stand in logs. Orders and users are personal, so that these are few.
pub const LOGGABLE: &[&str] = &[
    "id",
    "status",
    "prod_id",
    "pricing_id",
    "tpp_id",
    "created",
    "updated",
    "enabled",
    "external_key",
    "product_type",
    "currency",
    "amount",
    "page",
    "size",
    "total",
    "loc",
    "type",
];

pub fn order(id: &str) -> Result<Call> {
    get(format!("/orders/{}", segment(id)?), "order")
}

/// None where MMOB says that it has no such order.
pub fn read_order(id: &str, answer: &Answer) -> Result<Option<Order>> {
    let Some(body) = found(answer)? else { return Ok(None) };
    let order = posted(body)?;
    same(&order.id, id, "order")?;
    Ok(Some(order))
}

/// The order that MMOB posts to its providers.
pub fn posted(body: &[u8]) -> Result<Order> {
    let order: WireOrder = read(body)?;
    for id in [&order.id, &order.prod_id, &order.pricing_id, &order.tpp_user_id] {
        segment(id)?;
    }
    let output = order.output.unwrap_or_default().into_iter();
    let output = output.map(|(name, value)| (name, text(value))).collect();
    Ok(Order {
        id: order.id,
        product: order.prod_id,
        price: order.pricing_id,
        user: order.tpp_user_id,
        input: order.input.unwrap_or_default(),
        outcome: Outcome::from_wire(order.status, output),
    })
}

/// Says what became of an order. Saying it again does no harm, for what is final is never said otherwise.
pub fn update(id: &str, outcome: &Outcome) -> Result<Call> {
    let body = Update {
        status: outcome.status,
        output: outcome.wire_output(),
    };
    post(format!("/orders/{}", segment(id)?), "order-update", &body, true)
}

/// What MMOB answers is not documented: that it accepts is all there is to know. Where it refuses an order that it does not
/// have, or the change of one, `partner_code` is the status.
pub fn read_update(answer: &Answer) -> Result<()> {
    let refused = match answer.status.as_u16() {
        404 if answer.body.is_empty() => "404",
        409 => "409",
        _ => return accepted(answer).map(drop),
    };
    let mut error = Error::new(Kind::PartnerRejected, "MMOB does not take this update of the order.");
    error.partner_code = Some(refused.into());
    Err(error)
}

pub fn user(id: &str) -> Result<Call> {
    get(format!("/users?ids%5B%5D={}", segment(id)?), "user")
}

/// None where MMOB lists no such user. That `ids[]` takes the order's `tpp_user_id` is assumed.
pub fn read_user(id: &str, answer: &Answer) -> Result<Option<OrderUser>> {
    let users: Users = read(accepted(answer)?)?;
    Ok(users
        .items
        .into_iter()
        .find(|user| user.id == id)
        .map(WireUser::minimal))
}

fn get(path: String, operation: &'static str) -> Result<Call> {
    call(Method::GET, path, operation, Bytes::new(), true)
}

fn post<T: Serialize>(path: String, operation: &'static str, body: &T, repeatable: bool) -> Result<Call> {
    let body = serde_json::to_vec(body).map_err(|error| Error::new(Kind::Internal, operation).because(error))?;
    call(Method::POST, path, operation, Bytes::from(body), repeatable)
}

fn call(method: Method, path: String, operation: &'static str, body: Bytes, repeatable: bool) -> Result<Call> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "application/json");
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request
        .body(body)
        .map_err(|error| Error::new(Kind::Internal, operation).because(error))?;
    Ok(Call {
        request,
        operation,
        repeatable,
    })
}

/// The body of a success, or the failure with what MMOB said about it.
fn accepted(answer: &Answer) -> Result<&Bytes> {
    answer.accepted().map_err(|error| refusal::explain(error, &answer.body))
}

/// None for MMOB's own 404.
fn found(answer: &Answer) -> Result<Option<&Bytes>> {
    if answer.status.as_u16() == 404 && answer.body.is_empty() {
        return Ok(None);
    }
    accepted(answer).map(Some)
}

fn same(given: &str, wanted: &str, what: &str) -> Result<()> {
    if given == wanted {
        return Ok(());
    }
    let message = format!("MMOB answered with another {what}");
    Err(Error::new(Kind::PartnerBadResponse, message))
}

/// Outputs are texts; what is none is taken as it is written.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
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
struct Update {
    status: OrderStatus,
    output: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Users {
    items: Vec<WireUser>,
}

/// MMOB tells much more, which is not even read.
#[derive(Deserialize)]
struct WireUser {
    id: String,
    title: Option<String>,
    first_name: Option<String>,
    surname: Option<String>,
    building_number: Option<String>,
    address_1: Option<String>,
    address_2: Option<String>,
    address_3: Option<String>,
    town_city: Option<String>,
    county: Option<String>,
    postcode: Option<String>,
}

impl WireUser {
    fn minimal(self) -> OrderUser {
        let address = [self.address_1, self.address_2, self.address_3].into_iter().flatten();
        OrderUser {
            id: self.id,
            title: self.title,
            first_name: self.first_name,
            surname: self.surname,
            building_number: self.building_number,
            address: address.filter(|line| !line.is_empty()).collect(),
            town_city: self.town_city,
            county: self.county,
            postcode: self.postcode,
        }
    }
}

#[cfg(test)]
mod tests;
