//! The vehicles that exist: those with a CAP short code from 1 to 899,999.

use super::error::ErrorObject;

/// Returns the number that the CAP short code of an existing vehicle stands for.
pub fn number(code: &str) -> Result<i64, ErrorObject> {
    code.parse::<i64>()
        .ok()
        .filter(|number| (1..=899_999).contains(number) && number.to_string() == code)
        .ok_or_else(|| {
            let message = format!("no vehicle has the CAP short code {code}");
            ErrorObject::new("VehicleNotFound", message)
        })
}
