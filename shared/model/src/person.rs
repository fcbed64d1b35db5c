//! A customer as front ends describe one. No `Debug`, so that personal data cannot reach a log line.

use garde::Validate;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::email::Email;
use crate::error::{Error, Result};
use crate::money::{Pounds, not_negative};
use crate::text::plain;

/// Compiled in: Lambda has no time zone database.
pub const UK: TimeZone = jiff::tz::get!("Europe/London");
const MIN_AGE: i16 = 16;
const MAX_AGE: i16 = 120;

/// A customer. No text may have control or format characters (Unicode's categories Cc and Cf).
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// First name.
    #[garde(length(chars, min = 1, max = 100), custom(plain))]
    #[schema(min_length = 1, max_length = 100)]
    pub first_name: String,
    /// Surname.
    #[garde(length(chars, min = 1, max = 100), custom(plain))]
    #[schema(min_length = 1, max_length = 100)]
    pub last_name: String,
    /// The customer's e-mail address. A customer's own token must have the same one.
    #[garde(skip)]
    pub email: Email,
    /// With or without the country's code.
    #[garde(length(chars, min = 5, max = 30), inner(custom(plain)))]
    #[schema(min_length = 5, max_length = 30)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The customer must be 16 to 120 years old on the day of the request in the United Kingdom.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Date, pattern = r"^\d{4}-\d{2}-\d{2}$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<Date>,
    /// The customer's home address.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The customer's work and income.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employment: Option<Employment>,
}

/// A postal address.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// House number and street.
    #[garde(length(chars, min = 1, max = 200), custom(plain))]
    #[schema(min_length = 1, max_length = 200)]
    pub line1: String,
    /// Flat, building or locality.
    #[garde(length(chars, max = 200), inner(custom(plain)))]
    #[schema(max_length = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// Town or city.
    #[garde(length(chars, min = 1, max = 100), custom(plain))]
    #[schema(min_length = 1, max_length = 100)]
    pub city: String,
    /// In its country's format.
    #[garde(length(chars, min = 1, max = 20), custom(plain))]
    #[schema(min_length = 1, max_length = 20)]
    pub postcode: String,
    /// ISO 3166-1 alpha-2. `UK` is read as `GB`.
    #[garde(ascii, alphanumeric, length(min = 2, max = 2))]
    #[schema(min_length = 2, max_length = 2, pattern = "^[0-9A-Za-z]*$")]
    #[serde(default = "great_britain", deserialize_with = "country")]
    pub country: String,
}

/// A customer's work and income.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Employment {
    /// The employer's name.
    #[garde(length(chars, max = 200), inner(custom(plain)))]
    #[schema(max_length = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employer_name: Option<String>,
    /// The customer's position.
    #[garde(length(chars, max = 100), inner(custom(plain)))]
    #[schema(max_length = 100)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    /// Such as `FULL_TIME`, in the caller's own words.
    #[garde(length(chars, max = 40), inner(custom(plain)))]
    #[schema(max_length = 40)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employment_type: Option<String>,
    /// Pounds a month, before tax.
    #[garde(inner(custom(not_negative)))]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100_000_000, multiple_of = 0.01)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_income: Option<Pounds>,
}

/// Refuses a birth date at `path` that makes a customer younger than 16 or older than 120 years at this moment.
///
/// The age is in whole years, at the date in the United Kingdom. A year is complete when the birthday begins, and for those who
/// were born on 29 February when 1 March begins in the other years.
pub fn check_birth_date(path: &str, born: Option<Date>, now: Timestamp) -> Result<()> {
    let today = UK.to_datetime(now).date();
    if born.is_none_or(|born| (MIN_AGE..=MAX_AGE).contains(&age(born, today))) {
        return Ok(());
    }
    let why = format!("must make the customer {MIN_AGE} to {MAX_AGE} years old today");
    Err(Error::invalid(path, why))
}

fn age(born: Date, today: Date) -> i16 {
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    today.year() - born.year() - i16::from(!had_birthday)
}

fn great_britain() -> String {
    "GB".into()
}

fn country<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let mut code = String::deserialize(deserializer)?;
    code.make_ascii_uppercase();
    Ok(if code == "UK" { great_britain() } else { code })
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn is_accepted(born: Date, now: &str) -> bool {
        check_birth_date("dateOfBirth", Some(born), now.parse().unwrap()).is_ok()
    }

    #[test]
    fn the_first_and_the_last_day_of_an_age_count() {
        let noon = "2026-11-28T12:00:00Z";
        for (born, good) in [
            (date(2010, 11, 28), true),
            (date(2010, 11, 29), false),
            (date(1906, 11, 28), true),
            (date(1905, 11, 29), true),
            (date(1905, 11, 28), false),
            (date(2099, 1, 1), false),
            (date(2026, 11, 29), false),
            (date(1, 1, 1), false),
            (Date::MIN, false),
            (Date::MAX, false),
            (date(1985, 6, 20), true),
        ] {
            assert_eq!(is_accepted(born, noon), good, "{born}");
        }
        assert!(check_birth_date("dateOfBirth", None, noon.parse().unwrap()).is_ok());
        let refused = check_birth_date("a.b", Some(Date::MAX), noon.parse().unwrap()).unwrap_err();
        assert_eq!(refused.fields[0].path, "a.b");
        assert!(!refused.fields[0].message.contains("9999"), "a value is not repeated");
    }

    #[test]
    fn the_day_is_that_of_the_united_kingdom() {
        // In summer it begins an hour before UTC's.
        let born = date(2010, 7, 1);
        assert!(!is_accepted(born, "2026-06-30T22:59:59Z") && is_accepted(born, "2026-06-30T23:00:00Z"));
        let born = date(2010, 1, 1);
        assert!(!is_accepted(born, "2025-12-31T23:59:59Z") && is_accepted(born, "2026-01-01T00:00:00Z"));
    }

    #[test]
    fn a_birthday_on_29_february_is_on_1_march_of_other_years() {
        for (today, years) in [
            (date(2024, 2, 28), 15),
            (date(2024, 2, 29), 16),
            (date(2025, 2, 28), 16),
            (date(2025, 3, 1), 17),
        ] {
            assert_eq!(age(date(2008, 2, 29), today), years, "{today}");
        }
    }

    fn days() -> impl Strategy<Value = Date> {
        (0..400 * 365_i32).prop_map(|days| date(1800, 1, 1).checked_add(days.days()).unwrap())
    }

    proptest! {
        #[test]
        fn an_age_is_the_number_of_birthdays(born in days(), today in days()) {
            let years = age(born, today);
            // 1 March stands for a birthday that a year does not have.
            let birthday = |years: i16| date(born.year() + years, 1, 1)
                .with().month(born.month()).day(born.day()).build()
                .unwrap_or_else(|_| date(born.year() + years, 3, 1));
            prop_assert!(birthday(years) <= today && today < birthday(years + 1));
        }

        #[test]
        fn ages_are_refused_outside_their_borders(born in days(), today in days()) {
            let now = UK.to_timestamp(today.at(12, 0, 0, 0)).unwrap();
            let good = (16..=120).contains(&age(born, today));
            prop_assert_eq!(check_birth_date("x", Some(born), now).is_ok(), good);
        }
    }
}
