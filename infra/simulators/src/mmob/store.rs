//! MMOB's products, prices, orders and the users who placed them, in the memory of the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::order::{Order, OrderUpdate, Placement};
use super::product::{NewPrice, NewProduct, Price, Product};

/// The store that MMOB's API and its control routes share.
#[derive(Clone)]
pub struct SharedStore(Arc<Mutex<MarketStore>>);

impl SharedStore {
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(MarketStore::new(now))))
    }

    pub fn lock(&self) -> MutexGuard<'_, MarketStore> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of an order's update.
pub enum UpdateResult {
    NoOrder,
    /// The order has another final status and keeps it.
    Conflict,
    Updated(Value),
}

pub struct MarketStore {
    /// Ids contain the time at which the process started, so that a hub that outlives it meets no id twice.
    started: i64,
    issued: u64,
    products: Vec<Product>,
    prices: BTreeMap<String, Price>,
    orders: BTreeMap<String, Order>,
    users: BTreeSet<String>,
}

impl MarketStore {
    fn new(now: Timestamp) -> Self {
        Self {
            started: now.as_millisecond(),
            issued: 0,
            products: Vec::new(),
            prices: BTreeMap::new(),
            orders: BTreeMap::new(),
            users: BTreeSet::new(),
        }
    }

    /// Returns a new id, with at least eleven characters after the prefix as in the spec.
    pub fn issue(&mut self, prefix: &str) -> String {
        self.issued += 1;
        format!("{prefix}_{:x}{:05}", self.started, self.issued)
    }

    /// Adds a new product for every call, also for a repeated one: MMOB has no idempotency.
    pub fn add_product(&mut self, new: NewProduct, now: Timestamp) -> Value {
        let product = Product {
            id: self.issue("prod"),
            created: now,
            new,
        };
        let document = product.document();
        self.products.push(product);
        document
    }

    pub fn product(&self, id: &str) -> Option<Value> {
        let found = self.products.iter().find(|product| product.id == id);
        found.map(Product::document)
    }

    /// Lists the products, newest first, of this type and with `name` in their names.
    pub fn products(&self, category: Option<&str>, name: Option<&str>) -> Vec<Value> {
        let name = name.map(str::to_lowercase);
        let matches = |product: &&Product| {
            category.is_none_or(|category| product.new.product_type == category)
                && name
                    .as_ref()
                    .is_none_or(|name| product.new.name.to_lowercase().contains(name))
        };
        self.products
            .iter()
            .rev()
            .filter(matches)
            .map(Product::document)
            .collect()
    }

    /// `None` if there is no such product.
    pub fn add_price(&mut self, product: &str, new: NewPrice) -> Option<Value> {
        self.product(product)?;
        let price = Price {
            id: self.issue("price"),
            product: product.to_owned(),
            new,
        };
        let document = price.document();
        self.prices.insert(price.id.clone(), price);
        Some(document)
    }

    pub fn price(&self, product: &str, id: &str) -> Option<Value> {
        let price = self.prices.get(id).filter(|price| price.product == product);
        price.map(Price::document)
    }

    pub fn place(&mut self, id: &str, placement: Placement, now: Timestamp) {
        self.users.insert(placement.user.clone());
        let order = Order::new(id.to_owned(), placement, now);
        self.orders.insert(id.to_owned(), order);
    }

    pub fn orders(&self) -> impl Iterator<Item = (&str, &Order)> {
        self.orders.iter().map(|(id, order)| (id.as_str(), order))
    }

    pub fn order(&mut self, id: &str) -> Option<&mut Order> {
        self.orders.get_mut(id)
    }

    pub fn document(&self, id: &str) -> Option<Value> {
        let order = self.orders.get(id)?;
        let price = self.prices.get(order.price_id());
        Some(order.document(price))
    }

    pub fn update(&mut self, id: &str, update: OrderUpdate, now: Timestamp) -> UpdateResult {
        match self.orders.get_mut(id).map(|order| order.update(update, now)) {
            Some(true) => self.document(id).map_or(UpdateResult::NoOrder, UpdateResult::Updated),
            Some(false) => UpdateResult::Conflict,
            None => UpdateResult::NoOrder,
        }
    }

    /// Lists the users with these ids, or all users if there are none.
    pub fn users(&self, ids: &[&str], email: Option<&str>) -> Vec<Value> {
        let matches = |id: &&String| ids.is_empty() || ids.contains(&id.as_str());
        let users = self.users.iter().filter(matches).map(|id| user(id));
        users
            .filter(|user| email.is_none_or(|email| user.get("email").is_some_and(|own| own == email)))
            .collect()
    }
}

/// Returns an invented user with every member that MMOB has, also those that the hub must not read.
fn user(id: &str) -> Value {
    json!({
        "id": id,
        "email": format!("{id}@example.com"),
        "title": "Ms",
        "first_name": "Lisa",
        "surname": "Nichols",
        "dob": "1980-01-01",
        "building_number": "1",
        "address_1": "Example Street",
        "address_2": "Flat 2",
        "address_3": null,
        "town_city": "London",
        "county": null,
        "postcode": "N1 1AA",
        "national_insurance_number": "QQ123456C",
        "passport_number": "000000000",
    })
}
