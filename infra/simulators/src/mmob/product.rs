//! MMOB's products and prices.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

pub struct NewProduct {
    pub name: String,
    pub description: String,
    pub enabled: bool,
    pub meta: BTreeMap<String, String>,
    pub product_type: String,
    pub external_key: Option<String>,
}

pub struct NewPrice {
    pub name: String,
    pub currency: String,
    pub amount: i64,
}

pub struct Product {
    pub id: String,
    pub created: Timestamp,
    pub new: NewProduct,
}

pub struct Price {
    pub id: String,
    pub product: String,
    pub new: NewPrice,
}

impl Product {
    /// MMOB may send a flag as a number, so `enabled` is one.
    pub fn document(&self) -> Value {
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
    pub fn document(&self) -> Value {
        json!({
            "id": self.id,
            "prod_id": self.product,
            "name": self.new.name,
            "currency": self.new.currency,
            "amount": self.new.amount,
        })
    }
}
