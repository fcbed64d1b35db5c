//! The products on a marketplace, and their prices.

use std::collections::BTreeMap;

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::currency::CurrencyCode;
use crate::json::typed::texts;
use crate::order::{are_plain, are_texts, fields_schema, is_field, texts_schema};
use crate::text::{NOT_PLAIN, plain, plain_prose};

/// A product's category at MMOB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductType {
    InsuranceCarInsurance,
    InsuranceHomeInsurance,
    InsuranceTravelInsurance,
    InsuranceHealthInsurance,
    InsurancePetInsurance,
    InsuranceGadgetInsurance,
    Investments,
    Lending,
    Insurance,
    Rewards,
    Utilities,
    InsuranceLifeInsurance,
    InsuranceBusinessInsurance,
    InvestmentsInvestmentAccount,
    InvestmentsStocksAndSharesIsa,
    InvestmentsSipp,
    InvestmentsCrowdfunding,
    InvestmentsCurrentAccounts,
    InvestmentsSavingsAccounts,
    InvestmentsCashIsas,
    LendingMortgages,
    LendingLoans,
    LendingCreditCards,
    UtilitiesEnergy,
    UtilitiesBroadband,
    UtilitiesTv,
    UtilitiesMobilePhones,
}

/// A new product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewProduct {
    /// Without control or format characters.
    #[garde(length(chars, min = 1, max = 200), custom(plain))]
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Without format characters, and without control characters other than tabs and line breaks.
    #[garde(length(chars, max = 5000), custom(plain_prose))]
    #[schema(max_length = 5000)]
    #[serde(default)]
    pub description: String,
    /// Whether users see it.
    #[garde(skip)]
    #[serde(default)]
    pub enabled: bool,
    /// The product's own texts, by name. They go to MMOB, and with each order to the product's provider.
    #[garde(custom(few_and_short))]
    #[schema(schema_with = texts_schema)]
    #[serde(default, deserialize_with = "texts")]
    pub meta: BTreeMap<String, String>,
    /// The product's category at MMOB.
    #[garde(skip)]
    #[serde(alias = "product_type")]
    pub product_type: ProductType,
    /// Absent: manual, an operator decides.
    #[garde(dive)]
    #[serde(default)]
    pub fulfilment: NewFulfilment,
}

/// How the hub fulfils a product's orders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", from = "FulfilmentMembers")]
pub enum NewFulfilment {
    /// The order is successful if its input has these members; else the user is asked for them.
    Auto {
        #[garde(custom(names_fields))]
        #[schema(schema_with = fields_schema)]
        #[serde(default, rename = "requiredInputs")]
        required_inputs: Vec<String>,
    },
    /// The provider's own endpoint decides.
    Callback {
        /// An https address on the public internet, on port 443 or 8443.
        #[garde(custom(is_given))]
        url: String,
    },
    /// An operator decides.
    #[default]
    Manual,
}

/// [`NewFulfilment`] as it is written, so that a fault in it has its own path: serde keeps none in an enum with a tag.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FulfilmentMembers {
    kind: FulfilmentKind,
    #[serde(default)]
    required_inputs: Vec<String>,
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum FulfilmentKind {
    Auto,
    Callback,
    Manual,
}

impl From<FulfilmentMembers> for NewFulfilment {
    fn from(
        FulfilmentMembers {
            kind,
            required_inputs,
            url,
        }: FulfilmentMembers,
    ) -> Self {
        match kind {
            FulfilmentKind::Auto => Self::Auto { required_inputs },
            FulfilmentKind::Callback => Self::Callback { url },
            FulfilmentKind::Manual => Self::Manual,
        }
    }
}

fn names_fields(names: &[String], _: &()) -> garde::Result {
    if names.len() <= 50 && names.iter().all(|name| is_field(name)) {
        return Ok(());
    }
    Err(garde::Error::new(
        "must name up to 50 inputs without commas, control and format characters",
    ))
}

fn is_given(url: &str, _: &()) -> garde::Result {
    if url.is_empty() {
        return Err(garde::Error::new("is missing"));
    }
    Ok(())
}

fn few_and_short(meta: &BTreeMap<String, String>, _: &()) -> garde::Result {
    if !are_texts(meta) {
        return Err(garde::Error::new("must be up to 50 texts of up to 2000 characters"));
    }
    are_plain(meta)
        .then_some(())
        .ok_or_else(|| garde::Error::new(NOT_PLAIN))
}

/// A product as the marketplace has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub id: String,
    pub name: String,
    pub enabled: bool,
    /// Ours.
    pub external_key: Option<String>,
    /// None where the marketplace has a type that we do not know.
    pub product_type: Option<ProductType>,
    pub meta: BTreeMap<String, String>,
}

/// What a product is to cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPrice {
    pub name: String,
    pub currency: CurrencyCode,
    /// In the currency's minor units: pence for GBP.
    pub amount: i64,
}

/// A price as the marketplace has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductPrice {
    pub id: String,
    pub name: Option<String>,
    pub currency: CurrencyCode,
    pub amount: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Copied from the spec, its typographic quotes stripped.
    const TYPES: [&str; 27] = [
        "insurance_car_insurance",
        "insurance_home_insurance",
        "insurance_travel_insurance",
        "insurance_health_insurance",
        "insurance_pet_insurance",
        "insurance_gadget_insurance",
        "investments",
        "lending",
        "insurance",
        "rewards",
        "utilities",
        "insurance_life_insurance",
        "insurance_business_insurance",
        "investments_investment_account",
        "investments_stocks_and_shares_isa",
        "investments_sipp",
        "investments_crowdfunding",
        "investments_current_accounts",
        "investments_savings_accounts",
        "investments_cash_isas",
        "lending_mortgages",
        "lending_loans",
        "lending_credit_cards",
        "utilities_energy",
        "utilities_broadband",
        "utilities_tv",
        "utilities_mobile_phones",
    ];

    #[test]
    fn every_type_of_the_spec_is_known_and_no_other() {
        for name in TYPES {
            let text = format!("\"{name}\"");
            let kind: ProductType = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&kind).unwrap(), text);
        }
        for other in ["", "pets", "Utilities", "insurance_boat_insurance"] {
            assert!(
                serde_json::from_str::<ProductType>(&format!("\"{other}\"")).is_err(),
                "{other}"
            );
        }
    }

    #[test]
    fn what_is_offered_is_checked() {
        let good = r#"{"name":"Fast","productType":"utilities_tv","meta":{"a":"b"}}"#;
        let product: NewProduct = serde_json::from_str(good).unwrap();
        product.validate().unwrap();
        let spelt = good.replace("productType", "product_type");
        assert_eq!(serde_json::from_str::<NewProduct>(&spelt).unwrap(), product);
        assert!(serde_json::from_str::<NewProduct>(&good.replace("\"b\"", "{\"c\":\"d\"}")).is_err());
        let nameless: NewProduct = serde_json::from_str(&good.replace("Fast", "")).unwrap();
        assert!(nameless.validate().is_err());
        for (from, to, valid) in [
            ("Fast", "Fa\\u0000st", false),
            ("Fast", "Fa\\nst", false),
            ("Fast", "\\u202eFast", false),
            ("\"a\"", "\"a\\u200b\"", false),
            ("\"b\"", "\"b\\u0007\"", false),
            ("\"b\"", "\"b\\r\\nc\"", true),
            ("{", "{\"description\":\"one\\ntwo\",", true),
            ("{", "{\"description\":\"one\\u2067two\",", false),
        ] {
            let product: NewProduct = serde_json::from_str(&good.replacen(from, to, 1)).unwrap();
            assert_eq!(product.validate().is_ok(), valid, "{from} -> {to}");
        }
        for (amount, good) in [("3999", true), ("39.99", false), ("\"3999\"", false), ("1e3", false)] {
            let text = format!(r#"{{"name":"Monthly","currency":"GBP","amount":{amount}}}"#);
            assert_eq!(serde_json::from_str::<NewPrice>(&text).is_ok(), good, "{amount}");
        }
        assert_eq!(product.fulfilment, NewFulfilment::Manual);
        for (fulfilment, valid) in [
            (r#"{"kind":"auto"}"#, true),
            (r#"{"kind":"auto","requiredInputs":["sort_code"]}"#, true),
            (r#"{"kind":"auto","requiredInputs":["a, b"]}"#, false),
            (r#"{"kind":"auto","requiredInputs":["a\u202eb"]}"#, false),
            (r#"{"kind":"callback","url":"https://example.com/"}"#, true),
        ] {
            let text = good.replacen('{', &format!(r#"{{"fulfilment":{fulfilment},"#), 1);
            let product: NewProduct = serde_json::from_str(&text).unwrap();
            assert_eq!(product.validate().is_ok(), valid, "{fulfilment}");
        }
    }
}
