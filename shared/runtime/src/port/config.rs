//! Settings: the function's environment, read once. No other code of a function reads the environment.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};
use std::str::FromStr;
use std::sync::Arc;

use model::{Error, Result};
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};

/// A setting that is absent or empty is the same: templates cannot leave a variable out.
#[derive(Clone, Default)]
pub struct Config {
    own: Arc<BTreeMap<String, String>>,
    /// What a setting carries in JSON, by name: so few that a search of all is quicker than a map is made.
    carried: Arc<[(String, String)]>,
}

impl Config {
    pub fn from_env() -> Self {
        std::env::vars().collect()
    }

    /// Adds the settings that the setting `name` carries as a JSON object. A member's path, joined by `_`, is a setting's
    /// name: `{"LEX": {"SANDBOX": {"URL": ".."}}}` carries `LEX_SANDBOX_URL`. A setting of its own goes before it.
    ///
    /// What cannot be read carries nothing: a setting that is missed is named where it is needed.
    #[must_use]
    pub fn unpacked(self, name: &str) -> Self {
        let Some(json) = self.get(name) else { return self };
        let mut carried = Vec::with_capacity(32);
        let json = &mut serde_json::Deserializer::from_str(json);
        let member = CarriedSetting {
            name: String::new(),
            all: &mut carried,
        };
        if member.deserialize(json).is_err() {
            return self;
        }
        Self {
            carried: carried.into(),
            ..self
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let own = self.own.get(name).filter(|value| !value.is_empty());
        let carried = || self.carried.iter().find(|(known, _)| known == name);
        own.or_else(|| carried().map(|(_, value)| value)).map(String::as_str)
    }

    pub fn need(&self, name: &str) -> Result<&str> {
        self.get(name)
            .ok_or_else(|| Error::misconfigured(format!("the setting {name} is missing")))
    }

    pub fn parse<T: FromStr>(&self, name: &str, default: T) -> Result<T> {
        let Some(text) = self.get(name) else { return Ok(default) };
        text.trim()
            .parse()
            .map_err(|_| Error::misconfigured(format!("the setting {name} cannot be read")))
    }
}

/// A member of what a setting carries. Its leaves are texts; init reads them, so no tree of values is made.
struct CarriedSetting<'a> {
    name: String,
    all: &'a mut Vec<(String, String)>,
}

impl<'de> DeserializeSeed<'de> for CarriedSetting<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> std::result::Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CarriedSetting<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str("texts and objects of them")
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<(), E> {
        if !text.is_empty() {
            self.all.push((self.name, text.to_owned()));
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<(), A::Error> {
        while let Some(member) = members.next_key::<&str>()? {
            let name = match self.name.as_str() {
                "" => member.to_owned(),
                name => [name, "_", member].concat(),
            };
            let all = &mut *self.all;
            members.next_value_seed(CarriedSetting { name, all })?;
        }
        Ok(())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Config {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(settings: I) -> Self {
        let own = settings.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self {
            own: Arc::new(own.collect()),
            carried: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let config: Config = [("EMPTY", ""), ("COUNT", "three"), ("FINE", "3")].into_iter().collect();
        assert!(config.need("EMPTY").unwrap_err().message.contains("EMPTY"));
        assert!(config.parse("COUNT", 1u32).unwrap_err().message.contains("COUNT"));
        assert_eq!(config.parse("FINE", 1u32).unwrap(), 3);
        assert_eq!(config.parse("EMPTY", 7u32).unwrap(), 7);
    }

    #[test]
    fn a_setting_goes_before_the_one_that_is_carried() {
        let carried =
            r#"{"API": {"MAX_RETRIES": "3"}, "LEX": {"RATE_LIMIT": "", "MAX": "2", "LIVE": {"URL": "http://lex"}}}"#;
        let settings = [
            ("FUNDERS", carried),
            ("API_MAX_RETRIES", "1"),
            ("LEX_LIVE_URL", ""),
            ("OTHER", "x"),
        ];
        let config = settings.into_iter().collect::<Config>().unpacked("FUNDERS");
        let names = ["API_MAX_RETRIES", "LEX_LIVE_URL", "LEX_MAX", "LEX_RATE_LIMIT", "OTHER"];
        let expected = [Some("1"), Some("http://lex"), Some("2"), None, Some("x")];
        assert_eq!(names.map(|name| config.get(name)), expected);
    }

    #[test]
    fn what_cannot_be_read_carries_nothing() {
        for carried in ["", "{", "[]", "2", r#"{"LEX_LIVE_URL": "http://lex", "LEX": 2}"#] {
            let settings = [("FUNDERS", carried), ("OTHER", "x")];
            let config = settings.into_iter().collect::<Config>().unpacked("FUNDERS");
            assert_eq!(config.get("OTHER"), Some("x"));
            assert!(
                config
                    .need("LEX_LIVE_URL")
                    .unwrap_err()
                    .message
                    .contains("LEX_LIVE_URL")
            );
        }
    }
}
