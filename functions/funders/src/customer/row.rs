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

/// The address in a partition of a customer, or in that of one of the customer's lists.
pub fn address_of(partition: &str) -> Option<&str> {
    let rest = partition.strip_prefix("CUSTOMER#")?;
    // No host has a `#`.
    let list = rest.strip_suffix("#QUOTES").or_else(|| rest.strip_suffix("#PROPOSALS"));
    Some(list.unwrap_or(rest))
}
