//! Products.

use std::collections::BTreeMap;

use call::{Answer, Call, segment};
use model::Result;
use model::product::{NewProduct, Product, ProductType};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::answer;
use crate::marketplace::ProductPage;

/// The page size in each request for a list.
const PAGE_SIZE: u32 = 50;

/// MMOB documents that products have an `external_key`. That MMOB takes one when it creates a product is assumed.
pub fn create(product: &NewProduct, external_key: &str) -> Result<Call> {
    let body = WireNewProduct {
        name: &product.name,
        description: &product.description,
        enabled: product.enabled,
        meta: &product.meta,
        product_type: product.product_type,
        external_key,
    };
    Call::post("/products", "product-create", &body, false)
}

pub fn read_created(answer: &Answer) -> Result<Product> {
    call::read::<WireProduct>(answer::accepted(answer)?)?.known()
}

pub fn get(id: &str) -> Result<Call> {
    Call::get(&format!("/products/{}", segment(id)?), "product")
}

pub fn read(id: &str, answer: &Answer) -> Result<Option<Product>> {
    let Some(body) = answer::found(answer)? else {
        return Ok(None);
    };
    let product = call::read::<WireProduct>(body)?.known()?;
    answer::same(&product.id, id, "product")?;
    Ok(Some(product))
}

pub fn list(page: u32) -> Result<Call> {
    Call::get(&format!("/products?page={page}&size={PAGE_SIZE}"), "product-list")
}

pub fn read_list(answer: &Answer) -> Result<ProductPage> {
    let page: WirePage = call::read(answer::accepted(answer)?)?;
    let count = page.items.len();
    let last = count == 0 || page.size.is_some_and(|size| count < size);
    let items = page.items.into_iter().map(WireProduct::known).collect::<Result<_>>()?;
    Ok(ProductPage { items, last })
}

#[derive(Serialize)]
struct WireNewProduct<'a> {
    name: &'a str,
    description: &'a str,
    enabled: bool,
    meta: &'a BTreeMap<String, String>,
    product_type: ProductType,
    external_key: &'a str,
}

#[derive(Deserialize)]
struct WireProduct {
    id: String,
    name: String,
    #[serde(deserialize_with = "flag")]
    enabled: bool,
    external_key: Option<String>,
    meta: Option<Map<String, Value>>,
    product_type: Option<Value>,
}

impl WireProduct {
    fn known(self) -> Result<Product> {
        segment(&self.id)?;
        let meta = self.meta.unwrap_or_default().into_iter();
        Ok(Product {
            id: self.id,
            name: self.name,
            enabled: self.enabled,
            external_key: self.external_key,
            product_type: self.product_type.and_then(|kind| serde_json::from_value(kind).ok()),
            meta: meta.map(|(name, value)| (name, answer::text(value))).collect(),
        })
    }
}

#[derive(Deserialize)]
struct WirePage {
    items: Vec<WireProduct>,
    #[serde(default, deserialize_with = "call::optional_whole")]
    size: Option<usize>,
}

/// MMOB writes a flag as `true` or as 1.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<bool, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::Bool(flag) => return Ok(flag),
        number => call::whole(number).ok(),
    };
    match number {
        Some(1_u8) => Ok(true),
        Some(0) => Ok(false),
        _ => Err(serde::de::Error::custom("must be a flag")),
    }
}
