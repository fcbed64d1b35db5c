//! The groups of operations, in the order in which a reader wants them, and the credential that each operation takes.

use serde_json::{Value, json};

use super::operations::operations_mut;

/// Name, beginnings of the ids of the operations, and description. The longest beginning decides.
pub const TAGS: [(&str, &[&str], &str); 16] = [
    (
        "Quotes",
        &["funders-quote", "funders-customer-quotes"],
        "Price a vehicle with a funder, and read the prices. A quote is GENERATED, FAILED, or PENDING while the hub retries; \
         it becomes EXPIRED when the price expires, and CONVERTED when it becomes a proposal.",
    ),
    (
        "Proposals",
        &["funders-proposal", "funders-customer-proposals"],
        "Apply for finance with a quote, and read the funder's decision. A worker sends each proposal once, in the background.",
    ),
    (
        "Customers",
        &["funders-customer"],
        "Customers, as their newest quotes describe them.",
    ),
    (
        "Vehicles",
        &["funders-vehicle"],
        "Vehicles with a CAP id, as the newest quotes describe them.",
    ),
    (
        "Funders",
        &["funders-funder"],
        "The funders, their products and environments, and a test of the connection.",
    ),
    (
        "BQS cases",
        &["bqs-case"],
        "Cases of dealers: create, read and change them, start scoring, ask for consent. For channels, with `x-api-key`. \
         A worker forwards each change upstream, in order.",
    ),
    (
        "BQS documents",
        &["bqs-document"],
        "Documents of a case: up to 3 MiB in the request, up to 20 MiB with a presigned upload.",
    ),
    (
        "BQS messages",
        &["bqs-message"],
        "Messages about a case, in the order of their arrival.",
    ),
    (
        "BQS channels",
        &["bqs-management"],
        "Channels, their permissions and their API keys. For channels with the role `admin`.",
    ),
    (
        "MMOB products",
        &["mmob-product", "mmob-price"],
        "Products and prices that the hub offers at MMOB, and how their orders are fulfilled.",
    ),
    (
        "MMOB orders",
        &["mmob-order-list", "mmob-order-get", "mmob-order-resolve"],
        "Orders of MMOB's users, and the decisions of operators.",
    ),
    (
        "Event subscriptions",
        &["operations-subscription", "operations-delivery"],
        "Endpoints that get the hub's events, each delivery to them, and its replay. The webhooks describe the events.",
    ),
    (
        "Operations",
        &["operations"],
        "Health of the hub and its partners, the log of partner calls, metrics, and erasure of personal data.",
    ),
    (
        "Received webhooks",
        &[],
        "Addresses that partners call. A client of the hub does not call them.",
    ),
    (
        super::webhooks::TAG,
        &[],
        "Requests of the hub: events to subscribed endpoints, and orders to the providers of MMOB products. See the webhooks.",
    ),
    (
        "API document",
        &["operations-docs"],
        "This document, and the page that shows it.",
    ),
];

/// Where partners call, whatever the domain.
const RECEIVED: &str = "/webhooks/";
/// Anyone may ask; a caller with a token sees more.
const OPEN_TO_ALL: [&str; 2] = ["operations-health", "operations-health-api"];

/// Gives each operation its group and its credential.
pub fn group(document: &mut Value) {
    let tags = TAGS
        .iter()
        .map(|(name, _, description)| json!({"name": name, "description": description}));
    document["tags"] = tags.collect();
    for (path, _, operation) in operations_mut(document) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        let tag = if path.starts_with(RECEIVED) {
            "Received webhooks"
        } else {
            tag(&id)
        };
        operation.insert("tags".to_owned(), json!([tag]));
        let public = match OPEN_TO_ALL.contains(&id.as_str()) {
            true => json!([{}, {"bearer": []}]),
            false => json!([]),
        };
        operation.entry("security").or_insert(public);
    }
}

/// The group with the longest beginning that fits.
fn tag(id: &str) -> &'static str {
    let fits = TAGS.iter().flat_map(|(name, beginnings, _)| {
        let fitting = beginnings.iter().filter(|beginning| id.starts_with(**beginning));
        fitting.map(move |beginning| (beginning.len(), *name))
    });
    let (_, name) = fits.max().unwrap_or_else(|| panic!("{id} belongs to no group"));
    name
}
