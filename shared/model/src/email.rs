//! An e-mail address in the one form the hub compares and stores.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{PartialSchema, ToSchema};

/// ASCII, lower case, one `@`, no control or space. Look-alikes outside ASCII are refused rather than folded: folding
/// would let U+212A (the Kelvin sign) become another customer's `k`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

#[derive(Debug, PartialEq, Eq)]
pub struct NotAnEmail;

pub const MAX_LENGTH: usize = 254;

/// What [`Email::from_str`] accepts, for the API document.
pub const PATTERN: &str = r"^[A-Za-z0-9!#$&'()*+.:=?\[\]^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$";

impl Email {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = NotAnEmail;

    fn from_str(text: &str) -> Result<Self, NotAnEmail> {
        let (local, host) = text.split_once('@').ok_or(NotAnEmail)?;
        let plain =
            |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '%' | '/' | '\\' | '"' | '<' | '>' | ',' | ';');
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let good = text.len() <= MAX_LENGTH
            && (1..=64).contains(&local.len())
            && local.chars().all(plain)
            && host.contains('.')
            && host.split('.').all(label);
        if good {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotAnEmail)
        }
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[e-mail]")
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|NotAnEmail| serde::de::Error::custom("must be an e-mail address"))
    }
}

impl PartialSchema for Email {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .max_length(Some(MAX_LENGTH))
            .pattern(Some(PATTERN))
            .description(Some("An e-mail address in ASCII."))
            .into()
    }
}

impl ToSchema for Email {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_one_address() {
        let email: Email = "John.Doe+cars@Example.COM".parse().unwrap();
        assert_eq!(email.as_str(), "john.doe+cars@example.com");
        assert_eq!(
            format!("{email:?}"),
            "[e-mail]",
            "addresses do not reach logs through Debug"
        );
    }

    #[test]
    fn tricks_are_refused() {
        for trick in [
            "",
            "john",
            "@example.com",
            "john@",
            "john@example",
            "a b@example.com",
            "a\0@example.com",
            "a%40b@example.com",
            "john@@example.com",
            "\u{212a}im@example.com",
            "john@ex\u{e4}mple.com",
            "john@-a.com",
            "[email protected]",
        ] {
            assert_eq!(trick.parse::<Email>(), Err(NotAnEmail), "{trick:?}");
        }
    }
}
