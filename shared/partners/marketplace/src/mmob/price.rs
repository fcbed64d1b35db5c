//! Prices of products.

use call::{Answer, Call, segment};
use model::currency::CurrencyCode;
use model::product::{NewPrice, ProductPrice};
use model::{Error, Result};
use serde::Deserialize;

use super::answer;

/// Where a price is read. Assumed, so the setting `MMOB_PRICE_PATH` overrides it.
pub const PRICE_PATH: &str = "/products/{product}/pricing/{price}";

pub fn create(product: &str, price: &NewPrice) -> Result<Call> {
    let path = format!("/products/{}/pricing", segment(product)?);
    Call::post(&path, "price-create", price, false)
}

pub fn read_created(answer: &Answer) -> Result<Option<ProductPrice>> {
    let body = answer::found(answer)?;
    body.map(|body| call::read::<WirePrice>(body)?.known()).transpose()
}

/// `path` is [`PRICE_PATH`] or the path that the setting gives instead.
pub fn get(path: &str, product: &str, price: &str) -> Result<Call> {
    let path = path
        .replace("{product}", segment(product)?)
        .replace("{price}", segment(price)?);
    if !path.starts_with('/') || path.contains('{') {
        return Err(Error::misconfigured(
            "MMOB_PRICE_PATH is no path of {product} and {price}",
        ));
    }
    Call::get(&path, "price")
}

pub fn read(id: &str, answer: &Answer) -> Result<Option<ProductPrice>> {
    let Some(body) = answer::found(answer)? else {
        return Ok(None);
    };
    let price = call::read::<WirePrice>(body)?.known()?;
    answer::same(&price.id, id, "price")?;
    Ok(Some(price))
}

/// Assumed: beside the id, the answer holds the members that the hub sent.
#[derive(Deserialize)]
struct WirePrice {
    id: String,
    name: Option<String>,
    currency: CurrencyCode,
    #[serde(deserialize_with = "call::whole")]
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
