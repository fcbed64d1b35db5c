//! A product as people see it: the request that created it. The fulfilment of its orders, secrets included, is in another
//! row.

use jiff::Timestamp;
use model::Result;
use model::id::OfferId;
use model::product::{NewFulfilment, NewProduct, Product, ProductType};
use runtime::http::list::Entry;
use runtime::port::store::{Key, When, Write};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::Env;

/// The list of products.
pub const LIST: &str = "PRODUCTS";

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferRow {
    /// The key of the product in the list.
    offer: OfferId,
    pub prod_id: String,
    external_key: String,
    product: NewProduct,
    created_at: Timestamp,
}

/// A product as staff see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductView {
    /// MMOB's id.
    pub id: String,
    /// The hub's id of the product, which MMOB keeps beside its own.
    pub external_key: String,
    pub name: String,
    pub description: String,
    pub enabled: bool,
    pub meta: BTreeMap<String, String>,
    pub product_type: ProductType,
    pub fulfilment: NewFulfilment,
    pub created_at: Timestamp,
}

impl OfferRow {
    pub fn new(created: &Product, external_key: String, product: NewProduct, now: Timestamp) -> Self {
        Self {
            offer: OfferId::new(now),
            prod_id: created.id.clone(),
            external_key,
            product,
            created_at: now,
        }
    }

    fn key(env: &Env, id: &str) -> Result<Key> {
        Ok(Key::new(env.table()?, format!("PRODUCT#{id}"), Some("OFFER")))
    }

    pub async fn load(env: &Env, id: &str) -> Result<Option<Self>> {
        env.read(&Self::key(env, id)?).await
    }

    /// The first writes of this row and of its entry in the list.
    pub fn create(&self, env: &Env) -> Result<[Write; 2]> {
        let key = Self::key(env, &self.prod_id)?;
        Ok([
            Entry::write(LIST, *self.offer.as_uuid(), &key, None)?,
            Write::put(key, self, When::Absent)?,
        ])
    }

    pub fn view(&self) -> ProductView {
        let product = self.product.clone();
        ProductView {
            id: self.prod_id.clone(),
            external_key: self.external_key.clone(),
            name: product.name,
            description: product.description,
            enabled: product.enabled,
            meta: product.meta,
            product_type: product.product_type,
            fulfilment: product.fulfilment,
            created_at: self.created_at,
        }
    }
}
