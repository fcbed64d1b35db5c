//! Products and prices.

use std::collections::BTreeMap;

use model::product::{CurrencyCode, NewPrice, NewProduct, Product, ProductPrice, ProductType};
use model::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{accepted, found, get, post, same, text};
use crate::{Answer, Call, read, segment};

/// How many products a page is asked to hold.
const PAGE: u32 = 50;
/// Where a price is read. Assumed, so that the setting `MMOB_PRICE_PATH` can say another.
pub const PRICE_PATH: &str = "/products/{product}/pricing/{price}";

/// Never repeatable: MMOB would have the product twice. `external_key` finds it again; that MMOB takes one when a product is
/// created is assumed, that products have one is documented.
pub fn create_product(product: &NewProduct, external_key: &str) -> Result<Call> {
    let body = WireNewProduct {
        name: &product.name,
        description: &product.description,
        enabled: product.enabled,
        meta: &product.meta,
        product_type: product.product_type,
        external_key,
    };
    post("/products".to_owned(), "product-create", &body, false)
}

pub fn read_created_product(answer: &Answer) -> Result<Product> {
    read::<WireProduct>(accepted(answer)?)?.known()
}

pub fn product(id: &str) -> Result<Call> {
    get(format!("/products/{}", segment(id)?), "product")
}

/// None where MMOB says that it has no such product.
pub fn read_product(id: &str, answer: &Answer) -> Result<Option<Product>> {
    let Some(body) = found(answer)? else { return Ok(None) };
    let product = read::<WireProduct>(body)?.known()?;
    same(&product.id, id, "product")?;
    Ok(Some(product))
}

/// Some of our products. The first page is 0.
pub fn products(page: u32) -> Result<Call> {
    get(format!("/products?page={page}&size={PAGE}"), "product-list")
}

pub fn read_products(answer: &Answer) -> Result<Page<Product>> {
    let page: WirePage = read(accepted(answer)?)?;
    let count = page.items.len();
    let last = count == 0 || page.size.is_some_and(|size| count < size);
    let items = page.items.into_iter().map(WireProduct::known).collect::<Result<_>>()?;
    Ok(Page { items, last })
}

/// Never repeatable: MMOB would have the price twice.
pub fn create_price(product: &str, price: &NewPrice) -> Result<Call> {
    let path = format!("/products/{}/pricing", segment(product)?);
    post(path, "price-create", price, false)
}

/// None where MMOB says that it has no such product.
pub fn read_created_price(answer: &Answer) -> Result<Option<ProductPrice>> {
    found(answer)?.map(|body| read::<WirePrice>(body)?.known()).transpose()
}

/// `path` is [`PRICE_PATH`] or what stands in its place.
pub fn price(path: &str, product: &str, price: &str) -> Result<Call> {
    let path = path
        .replace("{product}", segment(product)?)
        .replace("{price}", segment(price)?);
    if !path.starts_with('/') || path.contains('{') {
        return Err(Error::misconfigured(
            "MMOB_PRICE_PATH is no path of {product} and {price}",
        ));
    }
    get(path, "price")
}

/// None where MMOB says that it has no such price.
pub fn read_price(id: &str, answer: &Answer) -> Result<Option<ProductPrice>> {
    let Some(body) = found(answer)? else { return Ok(None) };
    let price = read::<WirePrice>(body)?.known()?;
    same(&price.id, id, "price")?;
    Ok(Some(price))
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Whether it is known that no page comes after it: MMOB may tell neither how many there are nor how large a page is.
    pub last: bool,
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
            meta: meta.map(|(name, value)| (name, text(value))).collect(),
        })
    }
}

#[derive(Deserialize)]
struct WirePage {
    items: Vec<WireProduct>,
    size: Option<usize>,
}

/// What the answer holds beside the id is assumed to be what was sent.
#[derive(Deserialize)]
struct WirePrice {
    id: String,
    name: Option<String>,
    currency: CurrencyCode,
    amount: i64,
}

impl WirePrice {
    fn known(self) -> Result<ProductPrice> {
        segment(&self.id)?;
        Ok(ProductPrice {
            id: self.id,
            name: self.name,
            currency: self.currency,
            amount: self.amount,
        })
    }
}

/// MMOB writes a flag as `true` or as 1.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Ok(flag),
        Value::Number(number) if number.as_u64() == Some(1) => Ok(true),
        Value::Number(number) if number.as_u64() == Some(0) => Ok(false),
        _ => Err(serde::de::Error::custom("must be a flag")),
    }
}
