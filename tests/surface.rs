//! Every route of the committed API document, and how a test calls it. Tests cover a new route without a change, or a test
//! here asks for a sample of its body.

use std::fs;

use http::Method;
use serde_json::Value;

use crate::declared;
use crate::template::root;

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
    takes_body: bool,
}

/// The values of path parameters, unless a test has its own.
const EXAMPLES: &[(&str, &str)] = &[
    ("asset", "page.js"),
    ("capId", "12345"),
    ("channelName", "vwfs-dk-example-public"),
    ("deliveryId", "0190d5a0-0000-7000-8000-000000000001"),
    ("email", "john.doe@example.com"),
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

const BODIES: &[(&str, &str)] = &[
    (
        "/api/mmob/orders/{orderId}",
        r#"{"status":"Succesful","output":{"key":"Value"}}"#,
    ),
    (
        "/api/mmob/products",
        r#"{"name":"Your product","productType":"utilities_broadband","fulfilment":{"kind":"auto","requiredInputs":["last_name"]}}"#,
    ),
    (
        "/api/mmob/products/{prodId}/pricing",
        r#"{"name":"Monthly payment","currency":"GBP","amount":3999}"#,
    ),
    (
        "/api/integration/quotes/generate",
        include_str!("../events/bodies/quote.json"),
    ),
    (
        "/api/integration/proposals/generate",
        include_str!("../events/bodies/proposal.json"),
    ),
    (
        "/api/integration/subscriptions",
        r#"{"url":"https://hooks.example.com/hub","eventTypes":["quote.generated"]}"#,
    ),
    (
        "/api/integration/funders/{funderName}/test",
        r#"{"environment":"SANDBOX"}"#,
    ),
    (
        "/webhooks/{funder}",
        r#"{"type":"proposal.updated","timestamp":"2026-01-05T10:20:00Z","data":{}}"#,
    ),
    ("/webhooks/mmob/{token}", include_str!("../events/bodies/order.json")),
    (
        "/v1/bqs-case/case",
        include_str!("../functions/bqs/fixtures/case-private.json"),
    ),
    (
        "/v1/bqs-case/case/{sequence}",
        include_str!("../functions/bqs/fixtures/case-update.json"),
    ),
    (
        "/v1/bqs-case/case/{sequence}/business-consent",
        include_str!("../functions/bqs/fixtures/consent.json"),
    ),
    (
        "/v1/bqs-case/case/{sequence}/score-customer",
        include_str!("../functions/bqs/fixtures/score.json"),
    ),
    // A form is sent by the tests of documents. Here the caller is refused before the hub reads the body.
    ("/v1/bqs-case/document/{sequence}", "{}"),
    (
        "/v1/bqs-case/document/{sequence}/upload",
        r#"{"code":"123","contentType":"application/pdf","size":4000000}"#,
    ),
    (
        "/v1/bqs-case/management",
        include_str!("../functions/bqs/fixtures/management-create.json"),
    ),
    (
        "/v1/bqs-case/management/{channelName}",
        include_str!("../functions/bqs/fixtures/management-update.json"),
    ),
    (
        "/v1/bqs-case/message/case",
        include_str!("../functions/bqs/fixtures/message.json"),
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
            let function = function.max_by_key(|function| function.name.len());
            let http = function.and_then(|function| function.http.as_ref()).unwrap();
            routes.push(Route {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                wants: Credential::of(operation),
                role: http.role,
                takes_body: operation["requestBody"].is_object(),
            });
        }
    }
    routes
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

    pub fn body(&self) -> Option<&'static str> {
        let found = BODIES.iter().find(|(path, _)| *path == self.path);
        let body = self.takes_body.then(|| found.map(|(_, body)| *body));
        body.map(|body| body.unwrap_or_else(|| panic!("{} has no sample body", self.name())))
    }
}

#[test]
fn every_route_can_be_called() {
    let routes = routes();
    for route in &routes {
        assert!(!route.with(&[]).contains('{'), "{}", route.name());
        assert_eq!(route.body().is_some(), route.takes_body);
    }
    let open = wanting(Credential::Nothing);
    let open: Vec<&str> = open.iter().map(|route| route.path.as_str()).collect();
    let wanted = [
        "/api-docs",
        "/api-docs/openapi.json",
        "/api-docs/{asset}",
        "/api/health",
        "/health",
        "/webhooks/mmob/{token}",
        "/webhooks/{funder}",
    ];
    assert_eq!(open, wanted, "no other route is public");
}
