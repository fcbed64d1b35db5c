//! A customer as front ends describe one. No `Debug`, so that personal data cannot reach a log line.

use garde::Validate;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::email::Email;
use crate::money::{Pounds, not_negative};

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub first_name: String,
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub last_name: String,
    #[garde(skip)]
    pub email: Email,
    #[garde(length(chars, min = 5, max = 30))]
    #[schema(min_length = 5, max_length = 30)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Date, pattern = r"^\d{4}-\d{2}-\d{2}$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<Date>,
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employment: Option<Employment>,
}

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    pub line1: String,
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub city: String,
    #[garde(length(chars, min = 1, max = 20))]
    #[schema(min_length = 1, max_length = 20)]
    pub postcode: String,
    /// ISO 3166-1 alpha-2. `UK` is read as `GB`.
    #[garde(ascii, alphanumeric, length(min = 2, max = 2))]
    #[schema(min_length = 2, max_length = 2, pattern = "^[0-9A-Za-z]*$")]
    #[serde(default = "great_britain", deserialize_with = "country")]
    pub country: String,
}

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Employment {
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employer_name: Option<String>,
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    #[garde(length(chars, max = 40))]
    #[schema(max_length = 40)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employment_type: Option<String>,
    #[garde(inner(custom(not_negative)))]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100_000_000, multiple_of = 0.01)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_income: Option<Pounds>,
}

fn great_britain() -> String {
    "GB".into()
}

fn country<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let mut code = String::deserialize(deserializer)?;
    code.make_ascii_uppercase();
    Ok(if code == "UK" { great_britain() } else { code })
}
