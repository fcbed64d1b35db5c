//! The places where the hub keeps a value on purpose.

use super::canary_values::CanaryValues;
use super::marketplace;
use crate::leaks::{Canary, Text};

/// Whether the hub keeps this value in this place on purpose. The place of a row is its table and the beginning of its key.
/// Documents' buckets and the secrets' store keep values too, and are not searched. Of the idempotency table only the stored
/// responses are.
pub fn is_home(values: &CanaryValues, canary: &Canary, place: &str) -> bool {
    let name = canary.name.as_str();
    match place {
        // `CUSTOMERS` lists the customers' keys, which are their addresses.
        "funders QUOTE" | "funders PROPOSAL" | "funders CUSTOMER" | "funders CUSTOMERS" | "funders VEHICLE" => {
            !values.is_secret(canary) && !is_others(name)
        }
        // The case, its changes, and the answers of the upstream.
        "cases CASE" => name.ends_with("case") || ["channel", "echo"].contains(&name),
        "cases MESSAGES" | "cases UPSTREAM" => name.ends_with("message"),
        // The counts of a channel's documents of a day.
        "cases DOCUMENTS" | "channels CHANNEL" | "channels CHANNELS" | "channels AUDIT" => name == "channel",
        // An order's decision, which staff see.
        "mmob ORDER" | marketplace::ORDERS => ["answerprovider", "decision"].contains(&name),
        // The response to the operator who decided.
        "idempotency" => name == "decision",
        _ => false,
    }
}

/// Whether the value belongs to another domain than funders.
fn is_others(name: &str) -> bool {
    ["case", "message", "order", "provider"]
        .iter()
        .any(|domain| name.ends_with(domain))
        || name.starts_with("person")
}

/// Whether this response tells the sender its own value: the partner's reason for refusing the value, also in a replay, and
/// the path to a value that cannot be read, which has the names of the members around it.
pub fn is_senders_own(canary: &Canary, text: &Text) -> bool {
    let has = |part: &str| text.text.contains(part);
    match canary.name.as_str() {
        "echo" => {
            let own = text.place == "idempotency" || text.place.starts_with("the response 422");
            own && (has("funder-rejected") || has("mmob-rejected"))
        }
        "member" => text.place.starts_with("the response 400") && has("\"errors\""),
        _ => false,
    }
}
