//! Money is whole minor units and a currency inside, a decimal number at the edges, and never a float.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;
use utoipa::{PartialSchema, ToSchema};

use crate::json::number;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    Gbp,
}

/// An amount in minor units (pence for GBP). This is the form that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

/// Largest amount accepted or believed, in major units: well above any vehicle, well below any overflow.
const LIMIT: Decimal = Decimal::from_parts(100_000_000, 0, 0, false, 0);

impl Money {
    pub const fn pence(minor: i64) -> Self {
        Self {
            minor,
            currency: Currency::Gbp,
        }
    }

    /// From major units. None where it has more than two decimals that matter or is beyond any believable amount.
    pub fn from_decimal(amount: Decimal) -> Option<Self> {
        let minor = amount.checked_mul(Decimal::ONE_HUNDRED)?.normalize();
        (amount.abs() <= LIMIT && minor.scale() == 0).then_some(())?;
        Some(Self::pence(minor.mantissa().try_into().ok()?))
    }

    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor, 2)
    }
}

/// [`Money`] as specs 1 and 2 write it: pounds as a JSON number with two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pounds(pub Money);

/// A percentage or another plain decimal number, exactly as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub Decimal);

impl Serialize for Pounds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_number(self.0.to_decimal(), serializer)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_number(self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Pounds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let amount = read_number(deserializer)?;
        Money::from_decimal(amount)
            .map(Self)
            .ok_or_else(|| de::Error::custom("must be an amount of money with at most two decimals"))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_number(deserializer).map(Self)
    }
}

/// Through the raw text, because every other way to a JSON number leads over f64.
fn read_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    number::decimal(raw.get()).ok_or_else(|| de::Error::custom("must be a number"))
}

fn write_number<S: Serializer>(number: Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(number.to_string())
        .map_err(ser::Error::custom)?
        .serialize(serializer)
}

impl PartialSchema for Pounds {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Number)
            .multiple_of(Some(0.01))
            .description(Some("Pounds sterling, at most two decimals."))
            .into()
    }
}

impl ToSchema for Pounds {}

impl PartialSchema for Number {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Number)
            .into()
    }
}

impl ToSchema for Number {}

/// For `#[garde(custom(not_negative))]`.
pub fn not_negative(amount: &Pounds, _: &()) -> garde::Result {
    if amount.0.minor < 0 {
        Err(garde::Error::new("must not be negative"))
    } else {
        Ok(())
    }
}

/// For `#[garde(custom(positive))]`.
pub fn positive(amount: &Pounds, _: &()) -> garde::Result {
    if amount.0.minor <= 0 {
        Err(garde::Error::new("must be more than zero"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<i64, String> {
        serde_json::from_str::<Pounds>(text)
            .map(|pounds| pounds.0.minor)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn reads_what_is_money_and_refuses_what_is_not() {
        assert_eq!(read("38000"), Ok(3_800_000));
        assert_eq!(read("0.10"), Ok(10));
        assert_eq!(read("450.000"), Ok(45_000));
        assert_eq!(read("1e3"), Ok(100_000));
        for refused in [
            "0.001",
            "1e308",
            "\"10\"",
            "true",
            "null",
            "[1]",
            "{}",
            "1e-3",
            "100000000.01",
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn writes_two_decimals() {
        assert_eq!(serde_json::to_string(&Pounds(Money::pence(45_000))).unwrap(), "450.00");
        assert_eq!(serde_json::to_string(&Number(Decimal::new(49, 1))).unwrap(), "4.9");
    }

    proptest! {
        #[test]
        fn a_round_trip_changes_nothing(minor in -10_000_000_000i64..=10_000_000_000) {
            let text = serde_json::to_string(&Pounds(Money::pence(minor))).unwrap();
            prop_assert_eq!(read(&text), Ok(minor));
        }
    }
}
