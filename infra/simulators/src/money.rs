//! Amounts of money in whole pence, read from and written to JSON numbers without floats.

use std::fmt;
use std::ops::{Add, Mul, Sub};

use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pence(i64);

impl Pence {
    pub const ZERO: Self = Self(0);
    /// Ten million pounds. Sums of amounts up to it cannot overflow, so the arithmetic needs no checks.
    pub const MAX: Self = Self(1_000_000_000);

    pub const fn new(pence: i64) -> Self {
        Self(pence)
    }

    pub const fn pounds(pounds: i64) -> Self {
        Self(pounds * 100)
    }

    pub const fn pence(self) -> i64 {
        self.0
    }

    /// Reads the text of a JSON number with at most two decimals and no exponent. A third decimal means that the sender
    /// forgot to round.
    pub fn read(number: &str) -> Result<Self, &'static str> {
        let (negative, digits) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (pounds, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err("must be a JSON number without an exponent");
        }
        let hundredths = match fraction.len() {
            0 => Ok(0),
            1 => fraction.parse::<i64>().map(|tenths| tenths * 10),
            2 => fraction.parse::<i64>(),
            _ => return Err("must not have more than two decimals"),
        };
        let pence = match (pounds.parse::<i64>(), hundredths) {
            (Ok(pounds), Ok(hundredths)) => pounds.checked_mul(100).and_then(|pence| pence.checked_add(hundredths)),
            _ => None,
        };
        pence
            .map(|pence| Self(if negative { -pence } else { pence }))
            .ok_or("must be an amount of money")
    }
}

impl Add for Pence {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Pence {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<i64> for Pence {
    type Output = Self;

    fn mul(self, times: i64) -> Self {
        Self(self.0 * times)
    }
}

impl fmt::Display for Pence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let pence = self.0.unsigned_abs();
        write!(out, "{sign}{}.{:02}", pence / 100, pence % 100)
    }
}

impl Serialize for Pence {
    /// Writes a raw number, because serde's own numbers would write 450.00 as 450.0.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}
