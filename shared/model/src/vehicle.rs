//! A vehicle as front ends describe one.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::{Pounds, positive};
use crate::text::plain;

/// A vehicle. No text may have control or format characters (Unicode's categories Cc and Cf).
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Vehicle {
    /// Such as `BMW`.
    #[garde(length(chars, min = 1, max = 100), custom(plain))]
    #[schema(min_length = 1, max_length = 100)]
    pub make: String,
    /// Such as `3 Series`.
    #[garde(length(chars, min = 1, max = 100), custom(plain))]
    #[schema(min_length = 1, max_length = 100)]
    pub model: String,
    /// Such as `320d M Sport`.
    #[garde(length(chars, max = 100), inner(custom(plain)))]
    #[schema(max_length = 100)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Model year.
    #[garde(range(min = 1980, max = 2100))]
    #[schema(minimum = 1980, maximum = 2100)]
    pub year: u16,
    /// On-the-road price in pounds.
    #[garde(custom(positive))]
    #[schema(value_type = f64, minimum = 0.01, maximum = 100_000_000, multiple_of = 0.01)]
    pub price: Pounds,
    /// Miles on the clock.
    #[garde(range(max = 2_000_000))]
    #[schema(maximum = 2_000_000)]
    #[serde(default)]
    pub mileage: u32,
    /// Such as `DIESEL`.
    #[garde(length(chars, max = 40), inner(custom(plain)))]
    #[schema(max_length = 40)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel_type: Option<String>,
    /// Such as `AUTOMATIC`.
    #[garde(length(chars, max = 40), inner(custom(plain)))]
    #[schema(max_length = 40)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transmission: Option<String>,
    /// The vehicle's id in the CAP database; funders need it.
    #[garde(inner(custom(printable)), length(min = 1, max = 20))]
    #[schema(min_length = 1, max_length = 20, pattern = "^[ -~]*$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_id: Option<String>,
    /// The vehicle's code in the CAP database.
    #[garde(inner(custom(printable)), length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, pattern = "^[ -~]*$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_code: Option<String>,
}

/// For `#[garde(custom(printable))]`: ASCII without control characters.
pub fn printable(text: &str, _: &()) -> garde::Result {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        Ok(())
    } else {
        Err(garde::Error::new("must be printable ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_printed_is_no_code() {
        for (text, good) in [
            ("12345", true),
            ("A b~", true),
            ("a\tb", false),
            ("a\0", false),
            ("\u{e9}", false),
        ] {
            assert_eq!(printable(text, &()).is_ok(), good, "{text:?}");
        }
    }
}
