//! Why a type does not take a value. No message repeats the value.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

pub const WRONG_FORM: &str = "has the wrong form";

#[derive(Debug)]
pub enum Misread {
    /// The type needs a member of this name.
    Missing(&'static str),
    /// What the value has to be.
    Unfit(String),
    /// Nothing more is to be said: the reader has noted why, or takes no notes.
    Noted,
}

impl Misread {
    /// A type's own words, if they are words of the API. Other crates speak of Rust, or quote the value.
    pub fn or(self, words: impl FnOnce() -> String) -> Self {
        match self {
            Self::Unfit(own) if !own.starts_with("must ") => Self::Unfit(words()),
            other => other,
        }
    }
}

/// What a text has to be, by what its reader expects.
pub fn text_words(expected: &str) -> String {
    let words = match expected {
        "a date string" => "must be a date, such as 2026-01-31",
        "a timestamp string" => "must be a date and time with an offset, such as 2026-01-31T09:30:00Z",
        "a formatted UUID string" => "must be a UUID",
        _ => WRONG_FORM,
    };
    words.to_owned()
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing(_) => "is missing",
            Self::Unfit(message) => message,
            Self::Noted => WRONG_FORM,
        })
    }
}

impl std::error::Error for Misread {}

impl de::Error for Misread {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Unfit(message.to_string())
    }

    fn invalid_type(_: Unexpected, _: &dyn Expected) -> Self {
        Self::Unfit(WRONG_FORM.to_owned())
    }

    fn invalid_value(_: Unexpected, _: &dyn Expected) -> Self {
        Self::Unfit(WRONG_FORM.to_owned())
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self::Unfit(WRONG_FORM.to_owned())
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::Unfit(WRONG_FORM.to_owned())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::Unfit("must not be given twice".to_owned())
    }
}
