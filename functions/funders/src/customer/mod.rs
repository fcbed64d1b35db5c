//! Customers, by e-mail address.

pub mod get;
pub mod list;
pub mod proposals;
pub mod quotes;

#[cfg(test)]
mod tests;

use model::email::Email;
use model::{Error, Kind, Result};
use runtime::auth::Caller;
use runtime::store::Key;

use crate::Env;

/// The list of all customers.
pub const LIST: &str = "CUSTOMERS";

pub fn key(env: &Env, email: &Email) -> Result<Key> {
    Ok(Key::new(
        env.table()?,
        format!("CUSTOMER#{}", email.as_str()),
        Some("CUSTOMER"),
    ))
}

/// The list of the customer's quotes.
pub fn quotes_of(email: &Email) -> String {
    format!("CUSTOMER#{}#QUOTES", email.as_str())
}

/// The list of the customer's proposals.
pub fn proposals_of(email: &Email) -> String {
    format!("CUSTOMER#{}#PROPOSALS", email.as_str())
}

/// Customers see themselves, staff everybody. The answer to others does not depend on whether the customer exists.
pub fn permit(caller: &Caller, email: &str) -> Result<Email> {
    let email: Email = email
        .parse()
        .map_err(|_| Error::new(Kind::Malformed, "The path does not hold an e-mail address."))?;
    if caller.staff || caller.email.as_ref() == Some(&email) {
        return Ok(email);
    }
    Err(Error::new(
        Kind::Forbidden,
        "A customer may see only their own, verified e-mail address.",
    ))
}
