//! Settings: the function's environment, read once. Nothing else in the workspace reads the environment.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use model::{Error, Result};

/// A setting that is absent or empty is the same: templates cannot leave a variable out.
#[derive(Clone, Default)]
pub struct Config(Arc<BTreeMap<String, String>>);

impl Config {
    pub fn from_env() -> Self {
        std::env::vars().collect()
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
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

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Config {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(settings: I) -> Self {
        Self(Arc::new(
            settings
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        ))
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
}
