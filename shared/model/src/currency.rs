//! Currencies, by ISO 4217.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{PartialSchema, ToSchema};

/// List one of ISO 4217, with the amendments up to number 180 of 22 September 2025: the currencies and funds that have a minor
/// unit. Metals, units of account without one, test codes and the absence of a currency are left out.
///
/// The source is <https://www.six-group.com/en/products-services/financial-information/market-reference-data/data-standards.html>.
/// A new amendment changes this list and the test below.
const CODES: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD \
    CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL \
    GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW \
    KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD \
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP \
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS \
    VED VES VND VUV WST XAD XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// A currency that is in use, by ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencyCode(&'static str);

impl CurrencyCode {
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct NotACurrency;

impl FromStr for CurrencyCode {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        let known = CODES.split(' ').find(|code| *code == text);
        known.map(Self).ok_or(NotACurrency)
    }
}

impl Serialize for CurrencyCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for CurrencyCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|NotACurrency| serde::de::Error::custom("must be a currency code of ISO 4217"))
    }
}

impl PartialSchema for CurrencyCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^[A-Z]{3}$"))
            .description(Some("A currency in use, by its code in ISO 4217."))
            .into()
    }
}

impl ToSchema for CurrencyCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_one_in_use() {
        // From `MRU` on: added by the amendments 165 to 179.
        for code in [
            "GBP", "EUR", "USD", "DKK", "JPY", "MRU", "STN", "UYW", "VES", "VED", "SLE", "ZWG", "XCG", "XAD",
        ] {
            assert_eq!(code.parse::<CurrencyCode>().unwrap().as_str(), code);
        }
        for code in [
            "gbp", "GB", "GBPP", "ZZZ", "XXX", "XTS", "XAU", "XDR", "", "£", "GBP EUR", " GBP", "BP E",
        ] {
            assert_eq!(code.parse::<CurrencyCode>(), Err(NotACurrency), "{code}");
        }
    }

    #[test]
    fn a_withdrawn_currency_is_none() {
        for code in [
            "DEM", "FRF", "LTL", "LVL", "EEK", "BYR", "MRO", "STD", "VEF", "VEB", "CUC", "HRK", "SLL", "ZWL", "ANG",
            "BGN",
        ] {
            assert_eq!(code.parse::<CurrencyCode>(), Err(NotACurrency), "{code}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_whole() {
        let codes: Vec<&str> = CODES.split(' ').collect();
        assert!(codes.is_sorted_by(|one, next| one < next), "{codes:?}");
        assert!(
            codes
                .iter()
                .all(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
        );
        assert_eq!(codes.len(), 165);
    }
}
