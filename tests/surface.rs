//! What tests know of every function and route: the outcome of a function's sample event, and how a route of the committed API
//! document is called. Tests cover a new route without a change, or a test here asks for what is missing.

use std::fs;

use http::Method;
use serde_json::Value;

use self::EventOutcome::{Back, Done, Status};
use crate::declared;
use crate::template::{functions, root};

/// What a function answers to its sample event.
#[derive(Clone, Copy, Debug)]
pub enum EventOutcome {
    /// An HTTP response.
    Status(u16),
    /// This many messages of the batch are to be delivered again.
    Back(usize),
    /// A schedule's work is done.
    Done,
}

/// The outcome of each function's sample event, in the order in which the events are sent. The samples' quotes, proposals,
/// subscriptions and deliveries do not exist. Their cases, channels, orders and products do.
pub const OUTCOMES: &[(&str, EventOutcome)] = &[
    ("funders-quote-generate", Status(201)),
    ("funders-quote-status", Status(404)),
    ("funders-quote-list", Status(200)),
    ("funders-quote-get", Status(404)),
    // A first delivery may be early, so the message is kept.
    ("funders-quote-follow-up", Back(1)),
    ("funders-quote-retry", Back(1)),
    ("funders-proposal-generate", Status(404)),
    ("funders-proposal-status", Status(404)),
    ("funders-proposal-list", Status(200)),
    ("funders-proposal-get", Status(404)),
    ("funders-proposal-submit", Back(1)),
    ("funders-funder-list", Status(200)),
    ("funders-funder-test", Status(200)),
    ("funders-customer-quotes", Status(200)),
    ("funders-customer-proposals", Status(200)),
    ("funders-customer-list", Status(200)),
    ("funders-customer-get", Status(200)),
    ("funders-vehicle-list", Status(200)),
    ("funders-vehicle-get", Status(200)),
    // Its signature is not valid.
    ("funders-webhook", Status(401)),
    ("funders-event-apply", Back(1)),
    ("funders-reconcile", Done),
    ("funders-erase", Done),
    ("bqs-case-create", Status(201)),
    ("bqs-case-update", Status(200)),
    ("bqs-case-get", Status(200)),
    ("bqs-case-score", Status(202)),
    ("bqs-case-consent", Status(202)),
    ("bqs-management-create", Status(201)),
    ("bqs-management-update", Status(200)),
    ("bqs-management-get", Status(200)),
    ("bqs-management-rotate", Status(201)),
    ("bqs-message-create", Status(202)),
    ("bqs-message-list", Status(200)),
    ("bqs-document-upload", Status(201)),
    ("bqs-document-presign", Status(201)),
    ("bqs-forward", Back(0)),
    ("bqs-erase", Done),
    ("mmob-product-create", Status(201)),
    ("mmob-product-list", Status(200)),
    ("mmob-price-create", Status(201)),
    ("mmob-order-webhook", Status(200)),
    ("mmob-order-process", Back(0)),
    ("mmob-order-sweep", Done),
    ("mmob-erase", Done),
    ("mmob-order-list", Status(200)),
    ("mmob-order-get", Status(200)),
    ("mmob-order-resolve", Status(200)),
    ("operations-health", Status(200)),
    ("operations-logs", Status(200)),
    ("operations-metrics", Status(200)),
    ("operations-subscription-create", Status(201)),
    ("operations-subscription-list", Status(200)),
    ("operations-subscription-delete", Status(404)),
    ("operations-delivery-list", Status(200)),
    ("operations-delivery-replay", Status(404)),
    ("operations-delivery-send", Back(0)),
    // Its case does not exist.
    ("operations-erasure-create", Status(202)),
    ("operations-erasure-get", Status(404)),
    ("operations-docs", Status(200)),
    ("operations-fallback", Status(404)),
];

/// The credential that a route wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    Nothing,
    Token,
    ApiKey,
}

impl Credential {
    /// The credential of an operation in the API document.
    fn of(operation: &Value) -> Self {
        let scheme = operation["security"][0].as_object();
        match scheme.and_then(|scheme| scheme.keys().next()).map(String::as_str) {
            None => Self::Nothing,
            Some("bearer") => Self::Token,
            Some("apiKey") => Self::ApiKey,
            Some(other) => panic!("unknown scheme {other}"),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Route {
    pub method: Method,
    /// With its `{parameters}`.
    pub path: String,
    pub wants: Credential,
    /// The role that callers need. Absent if any credential is enough.
    pub role: Option<&'static str>,
    /// A sample of the body, if the route takes one.
    body: Option<String>,
}

/// The values of path parameters, unless a test has its own.
const EXAMPLES: &[(&str, &str)] = &[
    ("asset", "page.js"),
    ("capId", "12345"),
    ("channelName", "vwfs-dk-example-public"),
    ("deliveryId", "0190d5a0-0000-7000-8000-000000000001"),
    ("email", "john.doe@example.com"),
    ("erasureId", "0190d5a0-0000-7000-8000-000000000001"),
    ("funder", "lex"),
    ("funderName", "LEX"),
    ("orderId", "po_example"),
    ("prodId", "prod_example"),
    ("proposalId", "0190d5a0-0000-7000-8000-000000000001"),
    ("quoteId", "0190d5a0-0000-7000-8000-000000000001"),
    ("sequence", "1"),
    ("subscriptionId", "0190d5a0-0000-7000-8000-000000000001"),
    ("token", "unknown-token"),
];

/// Bodies that are not those of the sample events.
const BODIES: &[(&str, &str)] = &[
    (
        "/api/mmob/products",
        r#"{"name":"Your product","productType":"utilities_broadband","fulfilment":{"kind":"auto","requiredInputs":["last_name"]}}"#,
    ),
    (
        "/api/mmob/products/{prodId}/pricing",
        r#"{"name":"Monthly payment","currency":"GBP","amount":3999}"#,
    ),
    (
        "/api/integration/subscriptions",
        r#"{"url":"https://hooks.example.com/hub","eventTypes":["quote.generated"]}"#,
    ),
    (
        "/webhooks/{funder}",
        r#"{"type":"proposal.updated","timestamp":"2026-01-05T10:20:00Z","data":{}}"#,
    ),
    // A form is sent by the tests of documents. Here the caller is refused before the hub reads the body.
    ("/v1/bqs-case/document/{sequence}", "{}"),
    (
        "/v1/bqs-case/management",
        include_str!("../functions/bqs/fixtures/management-create.json"),
    ),
];

pub fn routes() -> Vec<Route> {
    let text = fs::read_to_string(root().join("functions/operations/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let declared = declared::functions();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let function = declared.iter().filter(|function| id.starts_with(function.name));
            let function = function.max_by_key(|function| function.name.len()).unwrap();
            let method = method.to_uppercase();
            let takes_body = operation["requestBody"].is_object();
            routes.push(Route {
                path: path.clone(),
                wants: Credential::of(operation),
                role: function.http.as_ref().unwrap().role,
                body: takes_body.then(|| body(function.name, &method, path)),
                method: method.parse().unwrap(),
            });
        }
    }
    routes
}

/// The sample of a route's body: that of its function's sample event, unless there is another.
fn body(function: &str, method: &str, path: &str) -> String {
    if let Some((_, body)) = BODIES.iter().find(|(other, _)| *other == path) {
        return (*body).to_owned();
    }
    let event = fs::read_to_string(root().join(format!("events/{function}.json"))).unwrap();
    let event: Value = serde_json::from_str(&event).unwrap();
    assert_eq!(
        event["routeKey"],
        format!("{method} {path}"),
        "the sample event of {function}"
    );
    event["body"].as_str().unwrap().to_owned()
}

pub fn wanting(credential: Credential) -> Vec<Route> {
    let mut routes = routes();
    routes.retain(|route| route.wants == credential);
    routes
}

impl Route {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        let parts = self.path.split('/');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// The path with these values, and with examples for the other parameters.
    pub fn with(&self, values: &[(&str, &str)]) -> String {
        self.parameters().fold(self.path.clone(), |path, name| {
            let mut known = values.iter().chain(EXAMPLES);
            let value = known.find(|(known, _)| *known == name);
            let value = value.unwrap_or_else(|| panic!("{} has no example for {name}", self.name()));
            path.replace(&format!("{{{name}}}"), value.1)
        })
    }

    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
}

#[test]
fn every_route_can_be_called() {
    let routes = routes();
    for route in &routes {
        assert!(!route.with(&[]).contains('{'), "{}", route.name());
    }
    let open = wanting(Credential::Nothing);
    let open: Vec<String> = open.iter().map(Route::name).collect();
    let wanted = [
        "GET /api-docs",
        "HEAD /api-docs",
        "GET /api-docs/openapi.json",
        "HEAD /api-docs/openapi.json",
        "GET /api-docs/{asset}",
        "GET /api/health",
        "HEAD /api/health",
        "GET /health",
        "HEAD /health",
        "POST /webhooks/mmob/{token}",
        "POST /webhooks/{funder}",
    ];
    assert_eq!(open, wanted, "no other route is public");
}

#[test]
fn every_function_has_an_outcome() {
    let mut listed: Vec<String> = OUTCOMES.iter().map(|(function, _)| (*function).to_owned()).collect();
    let mut deployed: Vec<String> = functions().into_iter().map(|function| function.binary).collect();
    listed.sort();
    deployed.sort();
    assert_eq!(listed, deployed);
}
