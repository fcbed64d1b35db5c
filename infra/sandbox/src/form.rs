//! Reads the JSON of a request member by member, and lists everything that is wrong with it.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use serde_json::value::RawValue;

use crate::answer::Fault;
use crate::json::{self, Object};
use crate::money::Pence;

pub const MONEY: RangeInclusive<Pence> = Pence::ZERO..=Pence::MOST;
pub const PRICE: RangeInclusive<Pence> = Pence::pounds(1_000)..=Pence::MOST;

/// Reads a whole body with `fields`.
pub fn read<T>(body: &[u8], fields: impl FnOnce(&mut Form<'_, '_>) -> T) -> Result<T, Vec<Fault>> {
    let object = Object::read(body).map_err(|error| {
        vec![Fault::new(
            "INVALID_BODY",
            format!("the body is not a JSON object: {error}"),
        )]
    })?;
    let mut faults = Vec::new();
    let value = fields(&mut Form {
        path: String::new(),
        object,
        faults: &mut faults,
    });
    if faults.is_empty() { Ok(value) } else { Err(faults) }
}

/// An object of the request and where it is in it. Every reader notes a fault and goes on with a stand-in.
pub struct Form<'a, 'f> {
    path: String,
    object: Object<'a>,
    faults: &'f mut Vec<Fault>,
}

impl<'a> Form<'a, '_> {
    fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.faults.push(Fault::field(self.at(name), message));
    }

    pub fn only(&mut self, known: &[&str]) {
        let unknown: Vec<_> = self
            .object
            .names()
            .filter(|name| !known.contains(name))
            .map(str::to_owned)
            .collect();
        for name in unknown {
            self.fault(&name, "is not a member of this request");
        }
    }

    /// A member that is there and not null.
    fn given(&self, name: &str) -> Option<&'a RawValue> {
        self.object.get(name).filter(|value| !json::is_null(value))
    }

    /// An absent object reads as an empty one: its required members are then missed one by one.
    pub fn form(&mut self, name: &str) -> Form<'a, '_> {
        let path = self.at(name);
        match self.given(name) {
            Some(value) => self.nested(path, value),
            None => Form {
                path,
                object: Object::default(),
                faults: self.faults,
            },
        }
    }

    pub fn optional_form(&mut self, name: &str) -> Option<Form<'a, '_>> {
        let value = self.given(name)?;
        Some(self.nested(self.at(name), value))
    }

    /// The entries of a list with where they stand; an absent list has none.
    pub fn list(&mut self, name: &str) -> Vec<(String, &'a RawValue)> {
        let Some(value) = self.given(name) else {
            return Vec::new();
        };
        let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
            self.fault(name, "must be a list");
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
            self.faults
                .push(Fault::field(path.clone(), format!("must be an object: {error}")));
            Object::default()
        });
        Form {
            path,
            object,
            faults: self.faults,
        }
    }

    pub fn integer(&mut self, name: &str, allowed: RangeInclusive<i64>) -> i64 {
        let read = self.object.get(name).ok_or("is missing").and_then(json::integer);
        match read {
            Ok(number) if allowed.contains(&number) => number,
            Ok(_) => {
                self.fault(
                    name,
                    format!("must be between {} and {}", allowed.start(), allowed.end()),
                );
                *allowed.start()
            }
            Err(reason) => {
                self.fault(name, reason);
                *allowed.start()
            }
        }
    }

    pub fn money(&mut self, name: &str, allowed: RangeInclusive<Pence>) -> Option<Pence> {
        match amount(self.given(name)?) {
            Ok(amount) if allowed.contains(&amount) => Some(amount),
            Ok(_) => {
                self.fault(
                    name,
                    format!("must be between {} and {}", allowed.start(), allowed.end()),
                );
                None
            }
            Err(reason) => {
                self.fault(name, reason);
                None
            }
        }
    }

    pub fn required_money(&mut self, name: &str, allowed: RangeInclusive<Pence>) -> Pence {
        if self.given(name).is_none() {
            self.fault(name, "is missing");
        }
        let stand_in = *allowed.start();
        self.money(name, allowed).unwrap_or(stand_in)
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        match json::string(self.given(name)?) {
            Ok(text) => Some(text),
            Err(reason) => {
                self.fault(name, reason);
                None
            }
        }
    }

    /// A text that says something.
    pub fn required_text(&mut self, name: &str) -> String {
        if self.given(name).is_none() {
            self.fault(name, "is missing");
            return String::new();
        }
        let text = self.text(name);
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            self.fault(name, "must not be empty");
        }
        text.unwrap_or_default()
    }

    /// A required text that `is` holds for; `message` says what it must be.
    pub fn matching(&mut self, name: &str, is: impl Fn(&str) -> bool, message: &str) {
        let text = self.required_text(name);
        if !text.trim().is_empty() && !is(&text) {
            self.fault(name, message);
        }
    }

    /// One of these texts.
    pub fn choice(&mut self, name: &str, allowed: &[&str]) {
        let text = self.given(name).and_then(|value| json::string(value).ok());
        if !text.is_some_and(|text| allowed.contains(&text.as_str())) {
            self.fault(name, format!("must be {}", allowed.join(" or ")));
        }
    }

    /// A day of the calendar, written `2024-01-31` and no other way.
    pub fn date(&mut self, name: &str) -> Option<Date> {
        let text = self.text(name)?;
        let date = text.parse().ok().filter(|_| text.len() == 10);
        if date.is_none() {
            self.fault(name, "must be a date, YYYY-MM-DD");
        }
        date
    }

    /// A number that the quote does not depend on.
    pub fn number(&mut self, name: &str) {
        if self.given(name).is_some_and(|value| !json::is_number(value)) {
            self.fault(name, "must be a number");
        }
    }

    pub fn strings(&mut self, name: &str) {
        if self
            .given(name)
            .is_some_and(|value| serde_json::from_str::<Vec<String>>(value.get()).is_err())
        {
            self.fault(name, "must be a list of strings");
        }
    }
}

fn amount(value: &RawValue) -> Result<Pence, &'static str> {
    if !json::is_number(value) {
        return Err("must be a JSON number");
    }
    Pence::read(value.get())
}
