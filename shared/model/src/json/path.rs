//! The path of a value in a document, as System.Text.Json writes it: `$.caseVariables[0].typeCode`.

use std::fmt::Write;

/// A path that grows and shrinks while a reader goes through a document.
#[derive(Clone, Debug)]
pub struct JsonPath(String);

impl Default for JsonPath {
    fn default() -> Self {
        Self("$".to_owned())
    }
}

impl JsonPath {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enters a member. [`Self::leave`] takes the result.
    pub fn enter_member(&mut self, name: &str) -> usize {
        let outer = self.0.len();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        let (open, close) = if plain { (".", "") } else { ("['", "']") };
        for part in [open, name, close] {
            self.0.push_str(part);
        }
        outer
    }

    pub fn enter_item(&mut self, index: usize) -> usize {
        let outer = self.0.len();
        // Writing to a string cannot fail.
        let _ = write!(self.0, "[{index}]");
        outer
    }

    pub fn leave(&mut self, outer: usize) {
        self.0.truncate(outer);
    }
}
