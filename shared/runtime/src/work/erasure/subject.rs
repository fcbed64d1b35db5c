//! Whose data is erased. The register has no value that names a person.

use model::email::Email;
use serde::{Deserialize, Serialize};

use crate::transport::redact::Redactor;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ErasureSubject {
    /// The keyed digest of an e-mail address.
    Email { digest: String },
    /// A case of the hub. Its number names no person.
    Case { number: u64 },
    /// The keyed digest of a user's id at MMOB.
    Customer { digest: String },
}

impl ErasureSubject {
    pub fn email(redactor: &Redactor, address: &Email) -> Self {
        let digest = email_digest(redactor, address);
        Self::Email { digest }
    }

    pub fn customer(redactor: &Redactor, user: &str) -> Self {
        let digest = customer_digest(redactor, user);
        Self::Customer { digest }
    }

    /// The domains that may have the subject's data.
    pub fn domains(&self) -> &'static [&'static str] {
        match self {
            Self::Email { .. } => &["bqs", "funders", "mmob"],
            Self::Case { .. } => &["bqs"],
            Self::Customer { .. } => &["mmob"],
        }
    }
}

/// `cargo xtask erase` makes the same.
pub(super) fn email_digest(redactor: &Redactor, address: &Email) -> String {
    redactor.digest(&format!("erasure email {}", address.as_str()))
}

pub(super) fn customer_digest(redactor: &Redactor, user: &str) -> String {
    redactor.digest(&format!("erasure customer {user}"))
}
