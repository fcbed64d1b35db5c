//! What an HTTP function declares about its route.

use super::domain::Domain;
use crate::http::caller::Identity;
use crate::http::document::Media;
use crate::http::problem::Family;

/// Who may call a function. Checked before anything is read, claimed, replayed or written.
pub enum Access<E: Domain> {
    /// Callers without credentials. A webhook's handler verifies a signature over the raw bytes instead.
    Public,
    /// Callers that the domain knows and that hold this right.
    Callers(<E::Caller as Identity>::Right),
}

/// The declaration of a route, as the API document shows it.
pub struct Route<'a, E: Domain> {
    pub access: &'a Access<E>,
    /// Whether it honours `Idempotency-Key`.
    pub idempotent: bool,
    /// Whether its requests become requests to a partner, so that each caller has a quota of them.
    pub calls_partner: bool,
    /// The path parameters of which two spellings can be one value.
    pub paths: Vec<&'static str>,
    /// Whether a partner calls it with a webhook.
    pub webhook: bool,
    pub media: Media,
    /// The most bytes a body may have.
    pub limit: usize,
    /// The domain's problems, with this route's own statuses.
    pub family: Family,
}
