//! A product as people see it: the request that created it. The fulfilment of its orders, secrets included, is in another
//! row.

use jiff::Timestamp;
use model::Result;
use model::id::OfferId;
use model::product::{NewFulfilment, NewProduct, Product, ProductType};
use model::time::UtcTime;
use runtime::http::list::Entry;
use runtime::port::store::{Key, Write};
use runtime::work::row::{Row, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

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
    /// The `sub` of the admin.
    #[serde(default)]
    created_by: String,
}

/// A product as staff see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductView {
    /// MMOB's id.
    pub id: String,
    /// The hub's id of the product, which MMOB keeps beside its own.
    pub external_key: String,
    /// The name that users see.
    pub name: String,
    /// The text that users read about it.
    pub description: String,
    /// Whether users see it.
    pub enabled: bool,
    /// The product's own texts, by name.
    pub meta: BTreeMap<String, String>,
    /// Its category at MMOB.
    pub product_type: ProductType,
    /// How the hub fulfils its orders.
    pub fulfilment: NewFulfilment,
    /// When it was created.
    pub created_at: UtcTime,
    /// The admin who created it: the `sub` of the token. Empty if the product is older than this member.
    pub created_by: String,
}

impl Row for OfferRow {
    type Id = str;

    fn key(table: Table<'_>, id: &str) -> Key {
        table.key(format!("PRODUCT#{id}"), "OFFER")
    }

    fn id(&self) -> &str {
        &self.prod_id
    }
}

impl OfferRow {
    pub fn new(created: &Product, external_key: String, product: NewProduct, created_by: &str, now: Timestamp) -> Self {
        Self {
            offer: OfferId::new(now),
            prod_id: created.id.clone(),
            external_key,
            product,
            created_at: now,
            created_by: created_by.to_owned(),
        }
    }

    /// The entry of this row in the list.
    pub fn entry(&self, rows: Table<'_>) -> Result<Write> {
        Entry::write(LIST, *self.offer.as_uuid(), &Self::key(rows, &self.prod_id), None)
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
            created_at: self.created_at.into(),
            created_by: self.created_by.clone(),
        }
    }
}
