//! Settings: the function's environment, read once. No other code of a function reads the environment.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use model::{Error, Result};
use serde_json::{Map, Value};

/// A setting that is absent or empty is the same: templates cannot leave a variable out.
#[derive(Clone, Default)]
pub struct Config {
    own: Arc<BTreeMap<String, String>>,
    /// What a setting carries in JSON.
    carried: Arc<BTreeMap<String, String>>,
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
        let members: Option<Map<String, Value>> = self.get(name).and_then(|json| serde_json::from_str(json).ok());
        let Some(members) = members else { return self };
        let mut carried = BTreeMap::new();
        for (name, member) in members {
            unpack(name, member, &mut carried);
        }
        Self {
            carried: Arc::new(carried),
            ..self
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let layers = [&self.own, &self.carried];
        let mut values = layers.into_iter().filter_map(|layer| layer.get(name));
        values.find(|value| !value.is_empty()).map(String::as_str)
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

fn unpack(name: String, value: Value, all: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                unpack(format!("{name}_{member}"), value, all);
            }
        }
        Value::String(text) => drop(all.insert(name, text)),
        other => drop(all.insert(name, other.to_string())),
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
            r#"{"API": {"MAX_RETRIES": "3"}, "LEX": {"RATE_LIMIT": "", "MAX": 2, "LIVE": {"URL": "http://lex"}}}"#;
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
        for carried in ["", "{", "[]", "\"LEX\""] {
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
