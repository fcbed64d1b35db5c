//! The query of a list: its page and its filters.

use axum::extract::Query;
use axum::http::Uri;

use super::error::ValidationError;

pub struct ListQuery {
    pub page: usize,
    pub size: usize,
    parameters: Vec<(String, String)>,
}

impl ListQuery {
    pub fn read(uri: &Uri) -> Result<Self, Vec<ValidationError>> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let parameters = query.map(|query| query.0).unwrap_or_default();
        let mut errors = Vec::new();
        let mut number = |name: &str, default: usize, min: usize| {
            let given = parameters.iter().find(|(parameter, _)| parameter == name);
            let Some((_, text)) = given else { return default };
            text.parse()
                .ok()
                .filter(|number| (min..=100_000).contains(number))
                .unwrap_or_else(|| {
                    errors.push(ValidationError::new(
                        &["query", name],
                        "type_error.integer",
                        "value is not a valid integer",
                    ));
                    default
                })
        };
        let (page, size) = (number("page", 0, 0), number("size", 50, 1).min(100));
        if errors.is_empty() {
            Ok(Self { page, size, parameters })
        } else {
            Err(errors)
        }
    }

    /// Returns every value of a parameter.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.parameters.iter().filter(|(parameter, _)| parameter == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// Returns the first value of a parameter.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// Returns the items of this page.
    pub fn page_of<T>(&self, items: Vec<T>) -> Vec<T> {
        let before = self.page.saturating_mul(self.size);
        items.into_iter().skip(before).take(self.size).collect()
    }
}
