//! What MMOB has: products, prices, orders and the users who placed them. In memory, and forgotten with the process.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ask::{NewPrice, NewProduct, Update};
use super::report::Told;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Pending,
    #[serde(rename = "Need_more_info")]
    NeedMoreInfo,
    Succesful,
    Failed,
}

impl Status {
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succesful | Self::Failed)
    }
}

pub struct Product {
    id: String,
    created: Timestamp,
    new: NewProduct,
}

pub struct Price {
    id: String,
    product: String,
    new: NewPrice,
}

/// What is ordered, and by whom.
#[derive(Clone)]
pub struct Placing {
    pub product: String,
    pub price: String,
    pub user: String,
    pub input: Map<String, Value>,
}

pub struct Order {
    id: String,
    placing: Placing,
    pub status: Status,
    output: BTreeMap<String, String>,
    updated: Option<Timestamp>,
    pub told: Told,
}

/// How an update of an order ended.
pub enum Updated {
    Unknown,
    /// It has another final state, which stays.
    Final,
    Now(Value),
}

pub struct Book {
    /// Numbers begin where the process did, so that a hub that outlives it meets no number twice.
    began: i64,
    issued: u64,
    products: Vec<Product>,
    prices: BTreeMap<String, Price>,
    orders: BTreeMap<String, Order>,
    users: BTreeSet<String>,
}

impl Book {
    pub fn new(now: Timestamp) -> Self {
        Self {
            began: now.as_millisecond(),
            issued: 0,
            products: Vec::new(),
            prices: BTreeMap::new(),
            orders: BTreeMap::new(),
            users: BTreeSet::new(),
        }
    }

    /// Another id, of eleven characters and more after the prefix, as in the spec.
    pub fn issue(&mut self, prefix: &str) -> String {
        self.issued += 1;
        format!("{prefix}_{:x}{:05}", self.began, self.issued)
    }

    /// Another one each time, also for what has been there: MMOB knows no idempotency.
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

    /// The newest first, of this type and with this in the name.
    pub fn products(&self, category: Option<&str>, name: Option<&str>) -> Vec<Value> {
        let name = name.map(str::to_lowercase);
        let wanted = |product: &&Product| {
            category.is_none_or(|category| product.new.product_type == category)
                && name
                    .as_ref()
                    .is_none_or(|name| product.new.name.to_lowercase().contains(name))
        };
        self.products
            .iter()
            .rev()
            .filter(wanted)
            .map(Product::document)
            .collect()
    }

    /// None where there is no such product.
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

    pub fn place(&mut self, id: &str, placing: Placing, now: Timestamp) {
        self.users.insert(placing.user.clone());
        let order = Order {
            id: id.to_owned(),
            placing,
            status: Status::Pending,
            output: BTreeMap::new(),
            updated: None,
            told: Told::new(now),
        };
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
        let price = self.prices.get(&order.placing.price);
        Some(order.document(price))
    }

    pub fn update(&mut self, id: &str, update: Update, now: Timestamp) -> Updated {
        let Some(order) = self.orders.get_mut(id) else {
            return Updated::Unknown;
        };
        let same = order.status == update.status && order.output == update.output;
        if order.status.is_final() && !same {
            order.told.conflicts += 1;
            return Updated::Final;
        }
        order.told.updates += 1;
        if same {
            order.told.repeats += 1;
        } else {
            order.told.changes.push((now, update.status));
            (order.status, order.output, order.updated) = (update.status, update.output, Some(now));
        }
        self.document(id).map_or(Updated::Unknown, Updated::Now)
    }

    /// These of the users, or all.
    pub fn users(&self, ids: &[&str], email: Option<&str>) -> Vec<Value> {
        let wanted = self
            .users
            .iter()
            .filter(|id| ids.is_empty() || ids.contains(&id.as_str()));
        wanted
            .map(|id| person(id))
            .filter(|person| email.is_none_or(|email| person.get("email").is_some_and(|own| own == email)))
            .collect()
    }
}

impl Product {
    /// A flag is a number here, as MMOB's may be.
    fn document(&self) -> Value {
        json!({
            "id": self.id,
            "created": self.created.to_string(),
            "name": self.new.name,
            "description": self.new.description,
            "enabled": u8::from(self.new.enabled),
            "expiration_date": null,
            "external_key": self.new.external_key,
            "meta": self.new.meta,
            "product_type": self.new.product_type,
        })
    }
}

impl Price {
    fn document(&self) -> Value {
        json!({
            "id": self.id,
            "prod_id": self.product,
            "name": self.new.name,
            "currency": self.new.currency,
            "amount": self.new.amount,
        })
    }
}

impl Order {
    fn document(&self, price: Option<&Price>) -> Value {
        json!({
            "id": self.id,
            "status": self.status,
            "prod_id": self.placing.product,
            "pricing_id": self.placing.price,
            "tpp_id": "tpp_simulated",
            "tpp_user_id": self.placing.user,
            "user_id": self.placing.user.replace("tus_", "usr_"),
            "root_quote_id": null,
            "input": self.placing.input,
            "output": self.output,
            "meta": {},
            "value": price.map(|price| price.new.amount),
            "currency": price.map(|price| &price.new.currency),
            "product": null,
            "created": self.told.placed.to_string(),
            "updated": self.updated.map(|at| at.to_string()),
        })
    }

    /// The user has filled in more.
    pub fn fill_in(&mut self, input: Map<String, Value>) {
        self.placing.input = input;
    }
}

/// Invented, with everything that MMOB knows of somebody and the hub must not want to.
fn person(id: &str) -> Value {
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
