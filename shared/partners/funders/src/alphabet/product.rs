//! Step two: whether Alphabet offers the product for the vehicle.

use call::{or_default, read};
use model::quote::QuoteType;
use model::{Error, Kind, Result};
use serde::Deserialize;

/// Public: PCP and HP. Assumed: the others.
pub fn key(quote_type: QuoteType) -> &'static str {
    match quote_type {
        QuoteType::PersonalContractPurchase => "PCP",
        QuoteType::HirePurchase => "HP",
        QuoteType::PersonalContractHire => "PCH",
        QuoteType::BusinessContractHire => "BCH",
        QuoteType::FinanceLease => "FL",
    }
}

/// The product's key, or a refusal if Alphabet does not offer the product.
pub fn offered(quote_type: QuoteType, body: &[u8]) -> Result<&'static str> {
    let wanted = key(quote_type);
    let Products { products } = read(body)?;
    if products.iter().any(|one| one.key == wanted && !one.has_error) {
        return Ok(wanted);
    }
    let why = format!("Alphabet offers no {wanted} finance for this vehicle");
    let refused = Error::new(Kind::PartnerRejected, "Alphabet does not accept this request.");
    Err(refused.field("contractDetails.quoteType", why))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Products {
    products: Vec<Product>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Product {
    /// A product that failed may lack it.
    #[serde(default, deserialize_with = "or_default")]
    key: String,
    #[serde(default, deserialize_with = "or_default")]
    has_error: bool,
}
