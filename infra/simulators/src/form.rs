//! Reads the JSON of a request member by member and lists every error in it.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use serde_json::value::RawValue;

use crate::answer::ErrorEntry;
use crate::json::{self, Object};
use crate::money::Pence;

pub const MONEY: RangeInclusive<Pence> = Pence::ZERO..=Pence::MAX;
pub const PRICE: RangeInclusive<Pence> = Pence::pounds(1_000)..=Pence::MAX;

/// Reads a body with `fields`. Returns every error that `fields` noted.
pub fn read<T>(body: &[u8], fields: impl FnOnce(&mut Form<'_, '_>) -> T) -> Result<T, Vec<ErrorEntry>> {
    let object = Object::read(body).map_err(|error| {
        vec![ErrorEntry::new(
            "INVALID_BODY",
            format!("the body is not a JSON object: {error}"),
        )]
    })?;
    let mut errors = Vec::new();
    let value = fields(&mut Form {
        path: String::new(),
        object,
        errors: &mut errors,
    });
    if errors.is_empty() { Ok(value) } else { Err(errors) }
}

/// An object of the request and its path. Every reader notes an error and goes on with a stand-in value, so that one
/// response lists all errors.
pub struct Form<'a, 'f> {
    path: String,
    object: Object<'a>,
    errors: &'f mut Vec<ErrorEntry>,
}

impl<'a> Form<'a, '_> {
    fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub fn error(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push(ErrorEntry::field(self.at(name), message));
    }

    /// Reports every member that is not in `known`.
    pub fn only(&mut self, known: &[&str]) {
        let unknown: Vec<_> = self
            .object
            .names()
            .filter(|name| !known.contains(name))
            .map(str::to_owned)
            .collect();
        for name in unknown {
            self.error(&name, "is not a member of this request");
        }
    }

    /// Returns a member that is present and not null.
    fn given(&self, name: &str) -> Option<&'a RawValue> {
        self.object.get(name).filter(|value| !json::is_null(value))
    }

    /// Reads an absent object as an empty one, so that each of its required members is reported as missing.
    pub fn form(&mut self, name: &str) -> Form<'a, '_> {
        let path = self.at(name);
        match self.given(name) {
            Some(value) => self.nested(path, value),
            None => Form {
                path,
                object: Object::default(),
                errors: self.errors,
            },
        }
    }

    pub fn optional_form(&mut self, name: &str) -> Option<Form<'a, '_>> {
        let value = self.given(name)?;
        Some(self.nested(self.at(name), value))
    }

    /// Returns the entries of a list and their paths. An absent list has no entries.
    pub fn list(&mut self, name: &str) -> Vec<(String, &'a RawValue)> {
        let Some(value) = self.given(name) else {
            return Vec::new();
        };
        let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
            self.error(name, "must be a list");
            return Vec::new();
        };
        let path = self.at(name);
        let placed = entries.into_iter().enumerate();
        placed
            .map(|(index, entry)| (format!("{path}[{index}]"), entry))
            .collect()
    }

    pub fn nested(&mut self, path: String, value: &'a RawValue) -> Form<'a, '_> {
        let object = Object::read(value.get().as_bytes()).unwrap_or_else(|error| {
            self.errors
                .push(ErrorEntry::field(path.clone(), format!("must be an object: {error}")));
            Object::default()
        });
        Form {
            path,
            object,
            errors: self.errors,
        }
    }

    pub fn integer(&mut self, name: &str, allowed: RangeInclusive<i64>) -> i64 {
        let read = self.object.get(name).ok_or("is missing").and_then(json::integer);
        match read {
            Ok(number) if allowed.contains(&number) => number,
            Ok(_) => {
                self.error(
                    name,
                    format!("must be between {} and {}", allowed.start(), allowed.end()),
                );
                *allowed.start()
            }
            Err(reason) => {
                self.error(name, reason);
                *allowed.start()
            }
        }
    }

    pub fn money(&mut self, name: &str, allowed: RangeInclusive<Pence>) -> Option<Pence> {
        match amount(self.given(name)?) {
            Ok(amount) if allowed.contains(&amount) => Some(amount),
            Ok(_) => {
                self.error(
                    name,
                    format!("must be between {} and {}", allowed.start(), allowed.end()),
                );
                None
            }
            Err(reason) => {
                self.error(name, reason);
                None
            }
        }
    }

    pub fn required_money(&mut self, name: &str, allowed: RangeInclusive<Pence>) -> Pence {
        if self.given(name).is_none() {
            self.error(name, "is missing");
        }
        let stand_in = *allowed.start();
        self.money(name, allowed).unwrap_or(stand_in)
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        match json::string(self.given(name)?) {
            Ok(text) => Some(text),
            Err(reason) => {
                self.error(name, reason);
                None
            }
        }
    }

    /// Reads a text that must not be empty.
    pub fn required_text(&mut self, name: &str) -> String {
        if self.given(name).is_none() {
            self.error(name, "is missing");
            return String::new();
        }
        let text = self.text(name);
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            self.error(name, "must not be empty");
        }
        text.unwrap_or_default()
    }

    /// Reads a required text for which `is` must hold; otherwise `message` is the error.
    pub fn matching(&mut self, name: &str, is: impl Fn(&str) -> bool, message: &str) {
        let text = self.required_text(name);
        if !text.trim().is_empty() && !is(&text) {
            self.error(name, message);
        }
    }

    /// Requires one of these texts.
    pub fn choice(&mut self, name: &str, allowed: &[&str]) {
        let text = self.given(name).and_then(|value| json::string(value).ok());
        if !text.is_some_and(|text| allowed.contains(&text.as_str())) {
            self.error(name, format!("must be {}", allowed.join(" or ")));
        }
    }

    /// Reads a calendar date in the form `2024-01-31` only.
    pub fn date(&mut self, name: &str) -> Option<Date> {
        let text = self.text(name)?;
        let date = text.parse().ok().filter(|_| text.len() == 10);
        if date.is_none() {
            self.error(name, "must be a date, YYYY-MM-DD");
        }
        date
    }

    /// Checks a number that does not affect the quote.
    pub fn number(&mut self, name: &str) {
        if self.given(name).is_some_and(|value| !json::is_number(value)) {
            self.error(name, "must be a number");
        }
    }

    pub fn strings(&mut self, name: &str) {
        if self
            .given(name)
            .is_some_and(|value| serde_json::from_str::<Vec<String>>(value.get()).is_err())
        {
            self.error(name, "must be a list of strings");
        }
    }
}

fn amount(value: &RawValue) -> Result<Pence, &'static str> {
    if !json::is_number(value) {
        return Err("must be a JSON number");
    }
    Pence::read(value.get())
}
