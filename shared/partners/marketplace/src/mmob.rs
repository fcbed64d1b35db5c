//! MMOB: the hub reads and updates orders, and sets up products and prices.
//!
//! Members, words and paths are documented, except where a comment says that they are assumed. A 404 of MMOB's own has no
//! body. A 404 with a body comes from a proxy, or from a path that MMOB does not have, and proves nothing.

mod answer;
mod loggable;
mod order;
mod price;
mod product;
mod refusal;
mod user;

use call::{Answer, Auth, Call, Loggable};
use model::Result;
use model::order::{Order, OrderOutcome, OrderUser};
use model::product::{NewPrice, NewProduct, Product, ProductPrice};

use crate::marketplace::{Marketplace, ProductPage};

pub use price::PRICE_PATH;

pub struct Mmob;

impl Marketplace for Mmob {
    fn name(&self) -> &'static str {
        "MMOB"
    }

    /// MMOB documents that a header carries the key, and not which. The setting `MMOB_API_KEY_HEADER` names another one.
    fn auth(&self) -> Auth {
        Auth::ApiKey {
            header: "x-api-key",
            secret: "MMOB_API_KEY",
        }
    }

    fn loggable(&self) -> &'static Loggable {
        &loggable::LOGGABLE
    }

    fn order(&self, id: &str) -> Result<Call> {
        order::get(id)
    }

    fn read_order(&self, id: &str, answer: &Answer) -> Result<Option<Order>> {
        order::read(id, answer)
    }

    fn posted(&self, body: &[u8]) -> Result<Order> {
        order::posted(body)
    }

    fn update(&self, id: &str, outcome: &OrderOutcome) -> Result<Call> {
        order::update(id, outcome)
    }

    fn read_update(&self, answer: &Answer) -> Result<()> {
        order::read_update(answer)
    }

    fn user(&self, id: &str) -> Result<Call> {
        user::get(id)
    }

    fn read_user(&self, id: &str, answer: &Answer) -> Result<Option<OrderUser>> {
        user::read(id, answer)
    }

    fn create_product(&self, product: &NewProduct, external_key: &str) -> Result<Call> {
        product::create(product, external_key)
    }

    fn read_created_product(&self, answer: &Answer) -> Result<Product> {
        product::read_created(answer)
    }

    fn product(&self, id: &str) -> Result<Call> {
        product::get(id)
    }

    fn read_product(&self, id: &str, answer: &Answer) -> Result<Option<Product>> {
        product::read(id, answer)
    }

    fn products(&self, page: u32) -> Result<Call> {
        product::list(page)
    }

    fn read_products(&self, answer: &Answer) -> Result<ProductPage> {
        product::read_list(answer)
    }

    fn create_price(&self, product: &str, price: &NewPrice) -> Result<Call> {
        price::create(product, price)
    }

    fn read_created_price(&self, answer: &Answer) -> Result<Option<ProductPrice>> {
        price::read_created(answer)
    }

    fn price(&self, path: &str, product: &str, price: &str) -> Result<Call> {
        price::get(path, product, price)
    }

    fn read_price(&self, id: &str, answer: &Answer) -> Result<Option<ProductPrice>> {
        price::read(id, answer)
    }
}

#[cfg(test)]
mod tests;
