//! Where a customer is stored, and the lists that belong to one.

use model::Result;
use model::email::Email;
use runtime::port::store::Key;

use crate::Env;

/// The list of all customers.
pub const LIST: &str = "CUSTOMERS";

pub fn key(env: &Env, email: &Email) -> Result<Key> {
    let pk = format!("CUSTOMER#{}", email.as_str());
    Ok(env.table()?.key(pk, "CUSTOMER"))
}

/// The list of the customer's quotes.
pub fn quotes_of(email: &Email) -> String {
    format!("CUSTOMER#{}#QUOTES", email.as_str())
}

/// The list of the customer's proposals.
pub fn proposals_of(email: &Email) -> String {
    format!("CUSTOMER#{}#PROPOSALS", email.as_str())
}
