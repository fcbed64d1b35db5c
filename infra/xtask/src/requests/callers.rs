//! Which of the local stack's callers tries an operation. The names are the variables of `cargo xtask env`.

use std::collections::BTreeMap;

use super::document::{Document, Operation, text};
use crate::channel::{ADMIN_CHANNEL, DEALER_CHANNEL, UPSTREAM_CHANNEL};
use crate::stack::Stack;

/// The variables of the sample channels' keys.
const CHANNELS: [(&str, &str); 3] = [
    ("CHANNEL_ADMIN", ADMIN_CHANNEL),
    ("DEALER", DEALER_CHANNEL),
    ("UPSTREAM", UPSTREAM_CHANNEL),
];

/// The variable with the header of a caller who may call this operation; none for an operation without credentials.
pub fn caller(document: &Document, operation: &Operation) -> Option<&'static str> {
    let (scheme, role) = operation.credentials()?;
    let role = role.or_else(|| described_role(document, operation)).unwrap_or_default();
    Some(match (scheme, role) {
        ("apiKey", "admin") => "CHANNEL_ADMIN",
        ("apiKey", "message.write") => "UPSTREAM",
        ("apiKey", _) => "DEALER",
        (_, "admin") => "ADMIN",
        (_, "staff") => "STAFF",
        (_, "agent") => "AGENT",
        _ => "CUSTOMER",
    })
}

/// The role that the description of the 403, or else of the operation, says the caller needs.
fn described_role<'a>(document: &'a Document, operation: &Operation<'a>) -> Option<&'a str> {
    let forbidden = operation.responses(document).find(|(status, _)| *status == "403");
    let forbidden = forbidden.map_or("", |(_, response)| text(response, "description"));
    let named = |description: &'a str| description.split_once("the role `")?.1.split('`').next();
    named(forbidden).or_else(|| named(operation.text("description")))
}

/// Each caller's header, as `cargo xtask env` gives it.
pub fn headers(stack: &Stack) -> BTreeMap<String, String> {
    let tokens = stack
        .tokens
        .iter()
        .map(|(role, token)| (role.to_uppercase(), format!("Authorization: Bearer {token}")));
    let keys = CHANNELS.iter().filter_map(|(name, channel)| {
        let key = stack.api_keys.get(*channel)?;
        Some(((*name).to_owned(), format!("x-api-key: {key}")))
    });
    tokens.chain(keys).collect()
}
