//! MMOB, the marketplace, as far as the spec, excerpts of its documentation and our own assumptions describe it.
//!
//! Below `/mmob`, which takes the place of the host: `GET /products` (operation `product-list`), `POST /products`
//! (`product-create`), `GET /products/{id}` (`product`), `POST /products/{id}/pricing` (`price-create`),
//! `GET /products/{id}/pricing/{id}` (`price`), `GET /orders/{id}` (`order`), `POST /orders/{id}` (`order-update`),
//! `GET /users` (`user`).
//!
//! **Documented** are the paths except that of a price, the members, pages that start at 0 and may leave out the total,
//! FastAPI's 422, the 404 without a body, the four words for an order's status, and that an order is posted to its
//! provider unsigned.
//!
//! **Our assumptions**:
//!
//! - that the key is in `x-api-key`, and 403 without it;
//! - the path of a price, and 200 for every creation;
//! - that a product takes an `external_key` when it is created;
//! - that text is not accepted as an integer;
//! - that an update may not set `Pending`, that a final status may be repeated but not changed (409), and that an
//!   update returns the order;
//! - that products are listed newest first, and `name` is a part of the name;
//! - that `ids[]` of users takes the order's `tpp_user_id`;
//! - the numbering;
//! - that `total` and `page` are null for products and not for users;
//! - that a webhook without a 2xx response is posted again only if the test asks for it.
//!
//! Tests trigger the marketplace's own actions through [`market`].

mod error;
mod market;
mod order;
mod product;
mod query;
mod report;
mod requests;
mod store;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use self::error::MmobError;
use self::query::ListQuery;
use self::store::{MarketStore, SharedStore, UpdateResult};
use crate::answer;
use crate::clock;
use crate::environment::variable;
use crate::partner::{IncomingRequest, Partner};

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
    store: SharedStore,
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

    fn operation(&self, request: &IncomingRequest) -> Option<&'static str> {
        target(request).ok().map(|(operation, _)| operation)
    }

    fn answer(&self, request: &IncomingRequest) -> Response {
        self.serve(request).unwrap_or_else(IntoResponse::into_response)
    }

    fn control_routes(&self) -> Router {
        market::routes(self.store.clone())
    }
}

/// Returns the operation, and the ids in the path.
fn target(request: &IncomingRequest) -> Result<(&'static str, [&str; 2]), MmobError> {
    let segments = request.segments();
    match (request.method.as_str(), segments.get(1..).unwrap_or_default()) {
        ("GET", ["products"]) => Ok((PRODUCT_LIST, [""; 2])),
        ("POST", ["products"]) => Ok((PRODUCT_CREATE, [""; 2])),
        ("GET", ["products", id]) => Ok((PRODUCT, [id, ""])),
        ("POST", ["products", id, "pricing"]) => Ok((PRICE_CREATE, [id, ""])),
        ("GET", ["products", product, "pricing", id]) => Ok((PRICE, [product, id])),
        ("GET", ["orders", id]) => Ok((ORDER, [id, ""])),
        ("POST", ["orders", id]) => Ok((ORDER_UPDATE, [id, ""])),
        ("GET", ["users"]) => Ok((USER, [""; 2])),
        (_, ["products" | "users"] | ["products" | "orders", _] | ["products", _, "pricing"]) => {
            Err(MmobError::Detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        }
        _ => Err(MmobError::Detail(StatusCode::NOT_FOUND, "Not Found")),
    }
}

impl Mmob {
    pub fn from_environment() -> Self {
        Self::new(variable("MMOB_API_KEY", "test-mmob-key"))
    }

    pub fn new(api_key: String) -> Self {
        Self {
            api_key,
            store: SharedStore::new(clock::now()),
        }
    }

    fn serve(&self, request: &IncomingRequest) -> Result<Response, MmobError> {
        let (operation, [id, second]) = target(request)?;
        if request.header("x-api-key") != Some(self.api_key.as_str()) {
            return Err(MmobError::Detail(StatusCode::FORBIDDEN, "Not authenticated"));
        }
        let mut store = self.store.lock();
        let found = match operation {
            PRODUCT_LIST => Some(products(&store, request)?),
            PRODUCT_CREATE => Some(store.add_product(requests::product(&request.body)?, request.at)),
            PRODUCT => store.product(id),
            PRICE_CREATE => store.add_price(id, requests::price(&request.body)?),
            PRICE => store.price(id, second),
            ORDER => store.document(id),
            ORDER_UPDATE => updated(store.update(id, requests::update(&request.body)?, request.at))?,
            _ => Some(users(&store, request)?),
        };
        let document = found.ok_or(MmobError::Absent)?;
        Ok(answer::json(StatusCode::OK, &document))
    }
}

fn products(store: &MarketStore, request: &IncomingRequest) -> Result<Value, MmobError> {
    let query = ListQuery::read(&request.uri)?;
    let mut products = store.products(query.first("category"), query.first("name"));
    if query.first("order_sort") == Some("asc") {
        products.reverse();
    }
    Ok(json!({ "items": query.page_of(products), "total": null, "page": null, "size": query.size }))
}

fn users(store: &MarketStore, request: &IncomingRequest) -> Result<Value, MmobError> {
    let query = ListQuery::read(&request.uri)?;
    let users = store.users(&query.all("ids[]"), query.first("email"));
    let total = users.len();
    Ok(json!({ "items": query.page_of(users), "total": total, "page": query.page, "size": query.size }))
}

fn updated(result: UpdateResult) -> Result<Option<Value>, MmobError> {
    match result {
        UpdateResult::NoOrder => Ok(None),
        UpdateResult::Conflict => Err(MmobError::Detail(
            StatusCode::CONFLICT,
            "the order has another final status",
        )),
        UpdateResult::Updated(document) => Ok(Some(document)),
    }
}
