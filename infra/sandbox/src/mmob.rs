//! MMOB, the marketplace, as far as the spec, excerpts of its documentation and our own assumptions describe it.
//!
//! Below `/mmob`, which takes the place of the host: `GET /products` (operation `product-list`), `POST /products`
//! (`product-create`), `GET /products/{id}` (`product`), `POST /products/{id}/pricing` (`price-create`),
//! `GET /products/{id}/pricing/{id}` (`price`), `GET /orders/{id}` (`order`), `POST /orders/{id}` (`order-update`),
//! `GET /users` (`user`).
//!
//! Documented: the paths but that of a price, the members, pages from 0 that may leave out how many there are, FastAPI's
//! 422, the 404 without a body, the four words for an order's state, that an order is posted to its provider unsigned.
//!
//! **Our assumptions**: that the key is in `x-api-key`, and 403 without it; the path of a price; 200 to whatever is
//! created; that a product takes an `external_key` when it is created; that text is no integer; that an update may not say
//! `Pending`; that a final state may be repeated as it is and not changed (409); that an update answers the order; that
//! products are listed newest first, `name` meaning a part of the name; that `ids[]` of users takes the order's
//! `tpp_user_id`; the numbering; that `total` and `page` are null for products and not for users; that a webhook which
//! nobody answers with 2xx is posted again only where the test says so.
//!
//! What the marketplace does of itself is scripted through [`market`].

mod ask;
mod book;
mod market;
mod problem;
mod report;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use self::ask::Wanted;
use self::book::{Book, Updated};
use self::problem::Refused;
use crate::answer;
use crate::environment::variable;
use crate::server::{self, Asked, Partner};

const PRODUCT_LIST: &str = "product-list";
const PRODUCT_CREATE: &str = "product-create";
const PRODUCT: &str = "product";
const PRICE_CREATE: &str = "price-create";
const PRICE: &str = "price";
const ORDER: &str = "order";
const ORDER_UPDATE: &str = "order-update";
const USER: &str = "user";

pub struct Mmob {
    api_key: String,
    market: Arc<Market>,
}

/// What the API and the tests' own doors share.
struct Market {
    book: Mutex<Book>,
}

impl Market {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Partner for Mmob {
    fn name(&self) -> &'static str {
        "mmob"
    }

    fn operations(&self) -> &'static [&'static str] {
        &[
            PRODUCT_LIST,
            PRODUCT_CREATE,
            PRODUCT,
            PRICE_CREATE,
            PRICE,
            ORDER,
            ORDER_UPDATE,
            USER,
        ]
    }

    fn operation(&self, asked: &Asked) -> Option<&'static str> {
        target(asked).ok().map(|(operation, _)| operation)
    }

    fn answer(&self, asked: &Asked) -> Response {
        self.serve(asked).unwrap_or_else(IntoResponse::into_response)
    }

    fn doors(&self) -> Router {
        market::doors(Arc::clone(&self.market))
    }
}

/// The operation, and the ids that the path names.
fn target(asked: &Asked) -> Result<(&'static str, [&str; 2]), Refused> {
    let segments = asked.segments();
    match (asked.method.as_str(), segments.get(1..).unwrap_or_default()) {
        ("GET", ["products"]) => Ok((PRODUCT_LIST, [""; 2])),
        ("POST", ["products"]) => Ok((PRODUCT_CREATE, [""; 2])),
        ("GET", ["products", id]) => Ok((PRODUCT, [id, ""])),
        ("POST", ["products", id, "pricing"]) => Ok((PRICE_CREATE, [id, ""])),
        ("GET", ["products", product, "pricing", id]) => Ok((PRICE, [product, id])),
        ("GET", ["orders", id]) => Ok((ORDER, [id, ""])),
        ("POST", ["orders", id]) => Ok((ORDER_UPDATE, [id, ""])),
        ("GET", ["users"]) => Ok((USER, [""; 2])),
        (_, ["products" | "users"] | ["products" | "orders", _] | ["products", _, "pricing"]) => {
            Err(Refused::Said(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        }
        _ => Err(Refused::Said(StatusCode::NOT_FOUND, "Not Found")),
    }
}

impl Mmob {
    pub fn from_environment() -> Self {
        Self::new(variable("MMOB_API_KEY", "test-mmob-key"))
    }

    pub fn new(api_key: String) -> Self {
        let book = Mutex::new(Book::new(server::now()));
        Self {
            api_key,
            market: Arc::new(Market { book }),
        }
    }

    fn serve(&self, asked: &Asked) -> Result<Response, Refused> {
        let (operation, [id, second]) = target(asked)?;
        if asked.header("x-api-key") != Some(self.api_key.as_str()) {
            return Err(Refused::Said(StatusCode::FORBIDDEN, "Not authenticated"));
        }
        let mut book = self.market.book();
        let found = match operation {
            PRODUCT_LIST => Some(products(&book, asked)?),
            PRODUCT_CREATE => Some(book.add_product(ask::product(&asked.body)?, asked.at)),
            PRODUCT => book.product(id),
            PRICE_CREATE => book.add_price(id, ask::price(&asked.body)?),
            PRICE => book.price(id, second),
            ORDER => book.document(id),
            ORDER_UPDATE => updated(book.update(id, ask::update(&asked.body)?, asked.at))?,
            _ => Some(users(&book, asked)?),
        };
        let document = found.ok_or(Refused::Absent)?;
        Ok(answer::json(StatusCode::OK, &document))
    }
}

fn products(book: &Book, asked: &Asked) -> Result<Value, Refused> {
    let wanted = Wanted::read(&asked.uri)?;
    let one = |name| wanted.all(name).first().copied();
    let mut products = book.products(one("category"), one("name"));
    if one("order_sort") == Some("asc") {
        products.reverse();
    }
    Ok(json!({ "items": wanted.cut(products), "total": null, "page": null, "size": wanted.size }))
}

fn users(book: &Book, asked: &Asked) -> Result<Value, Refused> {
    let wanted = Wanted::read(&asked.uri)?;
    let users = book.users(&wanted.all("ids[]"), wanted.all("email").first().copied());
    let total = users.len();
    Ok(json!({ "items": wanted.cut(users), "total": total, "page": wanted.page, "size": wanted.size }))
}

fn updated(updated: Updated) -> Result<Option<Value>, Refused> {
    match updated {
        Updated::Unknown => Ok(None),
        Updated::Final => Err(Refused::Said(
            StatusCode::CONFLICT,
            "the order has another final status",
        )),
        Updated::Now(document) => Ok(Some(document)),
    }
}
