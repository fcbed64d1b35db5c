//! Which customers a caller may see.

use garde::Validate;
use model::email::Email;
use model::{Error, Kind, Result};
use runtime::http::auth::Caller;
use serde::Deserialize;

/// A route's `{email}`.
#[derive(Deserialize, Validate)]
pub struct CustomerPath {
    #[garde(skip)]
    email: String,
}

impl CustomerPath {
    /// The address, if this caller may see the customer. Customers see themselves, staff all customers. The refusal does not
    /// depend on whether the customer exists.
    pub fn permitted(&self, caller: &Caller) -> Result<Email> {
        let email: Email = self
            .email
            .parse()
            .map_err(|_| Error::new(Kind::Malformed, "The path has no valid e-mail address."))?;
        if caller.staff || caller.email.as_ref() == Some(&email) {
            return Ok(email);
        }
        Err(Error::new(
            Kind::Forbidden,
            "A customer may see only their own, verified e-mail address.",
        ))
    }
}
