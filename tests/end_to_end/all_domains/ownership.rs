//! Callers with a token: every route for every kind of caller, and no response that shows what belongs to another caller.

use std::time::Duration;

use http::Method;
use runtime::port::clock::Clock;
use serde_json::{Value, json};

use crate::end_to_end::mmob::market::ordered;
use crate::lock::Domain::{Funders, Mmob, Operations};
use crate::quote::SAMPLE;
use crate::stack::{HubResponse, Stack};
use crate::surface::{Credential, Route, wanting};

/// `bare` has the owner's address, which is not verified, and no role. `other` is a customer like the owner. `agent` may act for
/// the owner and see only what it made itself.
const CALLERS: [&str; 7] = ["none", "bare", "other", "agent", "owner", "staff", "admin"];

/// They see nothing of the owner's.
const OTHERS: [&str; 4] = ["none", "bare", "other", "agent"];

/// The status for each of [`CALLERS`]. Each asks for the owner's things.
const MATRIX: &[(&str, [u16; 7])] = &[
    ("GET /api/customers", [401, 403, 403, 403, 403, 200, 200]),
    ("GET /api/customers/{email}", [401, 403, 403, 403, 200, 200, 200]),
    ("GET /api/funders", [401, 200, 200, 200, 200, 200, 200]),
    (
        "GET /api/integration/customers/{email}/proposals",
        [401, 403, 403, 403, 200, 200, 200],
    ),
    (
        "GET /api/integration/customers/{email}/quotes",
        [401, 403, 403, 403, 200, 200, 200],
    ),
    ("GET /api/integration/deliveries", [401, 403, 403, 403, 403, 200, 200]),
    (
        "POST /api/integration/deliveries/{deliveryId}/replay",
        [401, 403, 403, 403, 403, 202, 202],
    ),
    (
        "GET /api/integration/erasures/{erasureId}",
        [401, 403, 403, 403, 403, 403, 404],
    ),
    ("POST /api/integration/erasures", [401, 403, 403, 403, 403, 403, 202]),
    ("GET /api/integration/funders", [401, 200, 200, 200, 200, 200, 200]),
    (
        "POST /api/integration/funders/{funderName}/test",
        [401, 403, 403, 403, 403, 403, 200],
    ),
    ("GET /api/integration/logs", [401, 403, 403, 403, 403, 200, 200]),
    ("GET /api/integration/metrics", [401, 403, 403, 403, 403, 200, 200]),
    // Staff see the quote, and only an agent acts for another customer.
    (
        "POST /api/integration/proposals/generate",
        [401, 404, 404, 404, 202, 403, 403],
    ),
    (
        "GET /api/integration/proposals/{proposalId}/status",
        [401, 404, 404, 404, 200, 200, 200],
    ),
    (
        "POST /api/integration/quotes/generate",
        [401, 403, 403, 201, 201, 403, 403],
    ),
    (
        "GET /api/integration/quotes/{quoteId}/status",
        [401, 404, 404, 404, 200, 200, 200],
    ),
    (
        "GET /api/integration/subscriptions",
        [401, 403, 403, 403, 403, 403, 200],
    ),
    (
        "POST /api/integration/subscriptions",
        [401, 403, 403, 403, 403, 403, 201],
    ),
    (
        "DELETE /api/integration/subscriptions/{subscriptionId}",
        [401, 403, 403, 403, 403, 403, 204],
    ),
    ("GET /api/mmob/orders", [401, 403, 403, 403, 403, 200, 200]),
    ("GET /api/mmob/orders/{orderId}", [401, 403, 403, 403, 403, 200, 200]),
    // An admin may do this too, but staff have decided the order.
    ("POST /api/mmob/orders/{orderId}", [401, 403, 403, 403, 403, 200, 409]),
    ("GET /api/mmob/products", [401, 403, 403, 403, 403, 200, 200]),
    ("POST /api/mmob/products", [401, 403, 403, 403, 403, 403, 201]),
    (
        "POST /api/mmob/products/{prodId}/pricing",
        [401, 403, 403, 403, 403, 403, 201],
    ),
    ("GET /api/proposals", [401, 200, 200, 200, 200, 200, 200]),
    ("GET /api/proposals/{proposalId}", [401, 404, 404, 404, 200, 200, 200]),
    ("GET /api/quotes", [401, 200, 200, 200, 200, 200, 200]),
    ("GET /api/quotes/{quoteId}", [401, 404, 404, 404, 200, 200, 200]),
    ("GET /api/vehicles", [401, 403, 403, 403, 403, 200, 200]),
    ("GET /api/vehicles/{capId}", [401, 404, 404, 404, 200, 200, 200]),
];

/// The owner's things, and a token for each caller.
struct Fixtures {
    tokens: [String; 7],
    email: String,
    /// The quote that the proposal came from.
    quote: String,
    /// A quote without a proposal.
    open: String,
    proposal: String,
    subscription: String,
    delivery: String,
    product: String,
    /// An order that waits for an operator's decision.
    order: String,
}

const HOOK: &str = r#"{"url":"http://127.0.0.1:9/hook","eventTypes":["quote.generated"]}"#;

fn text(got: &HubResponse, pointer: &str) -> String {
    let found = got.json().pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.unwrap_or_else(|| panic!("{pointer} in {} {}", got.status, got.text))
}

fn quote_of(email: &str) -> String {
    SAMPLE.replace("john.doe@example.com", email)
}

fn proposal_of(quote: &str) -> String {
    let sample = include_str!("../../../events/bodies/proposal.json");
    sample.replace("0190d5a0-0000-7000-8000-000000000001", quote)
}

impl Fixtures {
    async fn make(stack: &Stack) -> Self {
        let run = uuid::Uuid::new_v4();
        let email = format!("owner-{run}@example.com");
        let mut bare = runtime::testing::claims("bare", &email, &[], Clock::System.now());
        bare["email_verified"] = json!(false);
        let tokens = [
            String::new(),
            stack.sign(r#"{"alg":"RS256","typ":"JWT"}"#, &bare.to_string()),
            stack.token("other", "other@example.com", &[]),
            stack.token("agent", "agent@example.com", &["agent"]),
            stack.token(&format!("owner-{run}"), &email, &[]),
            stack.token("staff", "staff@example.com", &["staff"]),
            stack.token("admin", "admin@example.com", &["admin"]),
        ];
        let [_, _, _, _, owner, _, admin] = &tokens;
        let post = async |token: &str, path: &str, body: &str| {
            let path = format!("/api/integration/{path}");
            stack.send(Method::POST, &path, token, Some(body), &[]).await
        };
        let subscription = text(&post(admin, "subscriptions", HOOK).await, "/data/id");
        let quote = text(&post(owner, "quotes/generate", &quote_of(&email)).await, "/data/id");
        let open = text(&post(owner, "quotes/generate", &quote_of(&email)).await, "/data/id");
        let proposal = post(owner, "proposals/generate", &proposal_of(&quote)).await;
        let proposal = text(&proposal, "/data/proposalId");
        // Workers write the lists, and send the event to the subscriber.
        let customer = format!("/api/customers/{email}");
        let listed = |got: &HubResponse| got.json()["data"][0].is_object();
        let proposals = format!("/api/integration/customers/{email}/proposals");
        let deliveries = format!("/api/integration/deliveries?subscriptionId={subscription}");
        let announced = |got: &HubResponse| got.json()["data"][0].is_object();
        let (_, _, delivery, (product, order)) = tokio::join!(
            stack.until(&customer, owner, |got| got.status == 200),
            stack.until(&proposals, owner, listed),
            stack.until(&deliveries, admin, announced),
            ordered(stack),
        );
        Self {
            email,
            quote,
            open,
            proposal,
            subscription,
            delivery: text(&delivery, "/data/0/id"),
            product,
            order,
            tokens,
        }
    }

    /// Asks for the owner's things.
    async fn ask(&self, stack: &Stack, route: &Route, token: &str) -> HubResponse {
        let values = [
            ("email", self.email.as_str()),
            ("quoteId", &self.quote),
            ("proposalId", &self.proposal),
            ("subscriptionId", &self.subscription),
            ("deliveryId", &self.delivery),
            ("prodId", &self.product),
            ("orderId", &self.order),
        ];
        self.send(stack, route, token, &values, &self.open).await
    }

    async fn send(
        &self,
        stack: &Stack,
        route: &Route,
        token: &str,
        values: &[(&str, &str)],
        quote: &str,
    ) -> HubResponse {
        let body = route.body().map(|sample| match route.path.as_str() {
            "/api/integration/quotes/generate" => quote_of(&self.email),
            "/api/integration/proposals/generate" => proposal_of(quote),
            "/api/integration/subscriptions" => HOOK.into(),
            _ => sample.into(),
        });
        let path = route.with(values);
        let method = route.method.clone();
        stack.send(method, &path, token, body.as_deref(), &[]).await
    }

    async fn check(&self, stack: &Stack, route: &Route, caller: usize, wanted: u16) -> HubResponse {
        let mut got = self.ask(stack, route, &self.tokens[caller]).await;
        for _ in 0..50 {
            if got.status != 409 || wanted == 409 {
                break;
            }
            // A worker is sending the delivery.
            tokio::time::sleep(Duration::from_millis(100)).await;
            got = self.ask(stack, route, &self.tokens[caller]).await;
        }
        // The hub admitted the caller and asks it to wait a minute.
        let status = if got.status == 429 { 200 } else { got.status };
        assert_eq!(status, wanted, "{} as {}: {}", route.name(), CALLERS[caller], got.text);
        got
    }

    /// Checks a route for each caller, in the order of their rights.
    async fn check_route(&self, stack: &Stack, route: &Route) {
        let (_, row) = MATRIX.iter().find(|(name, _)| *name == route.name()).unwrap();
        for (caller, wanted) in row.iter().copied().enumerate() {
            let got = self.check(stack, route, caller, wanted).await;
            let made_it = CALLERS[caller] == "agent" && wanted == 201;
            if OTHERS.contains(&CALLERS[caller]) && !made_it {
                for theirs in [
                    &self.email,
                    &self.quote,
                    &self.open,
                    &self.proposal,
                    &self.delivery,
                    &self.product,
                    &self.order,
                ] {
                    assert!(!got.text.contains(theirs), "{}: {}", route.name(), got.text);
                }
            }
            if wanted == 201 && route.path.ends_with("/subscriptions") {
                let gone = format!("{}/{}", route.path, text(&got, "/data/id"));
                let token = &self.tokens[caller];
                stack.send(Method::DELETE, &gone, token, None, &[]).await;
            }
        }
    }
}

#[test]
fn the_matrix_lists_every_route_with_a_token() {
    let mut listed: Vec<&str> = MATRIX.iter().map(|(name, _)| *name).collect();
    let mut routes: Vec<String> = wanting(Credential::Token).iter().map(Route::name).collect();
    listed.sort_unstable();
    routes.sort_unstable();
    assert_eq!(listed, routes);
}

/// A response without what differs between any two.
fn comparable(got: &HubResponse) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = got
        .headers
        .iter()
        .filter(|(name, _)| {
            !matches!(
                name.as_str(),
                "x-correlation-id" | "date" | "apigw-requestid" | "x-amzn-requestid"
            )
        })
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (got.status, headers, got.text.clone())
}

async fn others_things_look_absent(stack: &Stack, fixtures: &Fixtures) {
    let absent = "0190d5a0-0000-7000-8000-0000000000ff";
    let values = [
        ("email", "absent-customer@example.com"),
        ("quoteId", absent),
        ("proposalId", absent),
        ("subscriptionId", absent),
        ("deliveryId", absent),
        ("prodId", "prod_absent"),
        ("orderId", "po_absent"),
        ("capId", "absent"),
    ];
    let mut compared = 0;
    for route in wanting(Credential::Token) {
        let named = route
            .parameters()
            .any(|name| values.iter().any(|(known, _)| *known == name));
        if !named && !route.path.ends_with("/proposals/generate") {
            continue;
        }
        for caller in OTHERS {
            let token = &fixtures.tokens[CALLERS.iter().position(|name| *name == caller).unwrap()];
            let theirs = fixtures.ask(stack, &route, token).await;
            let none = fixtures.send(stack, &route, token, &values, absent).await;
            assert!(matches!(theirs.status, 401 | 403 | 404), "{}", route.name());
            assert_eq!(comparable(&theirs), comparable(&none), "{} as {caller}", route.name());
            compared += 1;
        }
    }
    assert!(compared >= 11 * OTHERS.len(), "{compared}");
}

/// The first part changes nothing. The second part uses the fixtures up.
#[tokio::test]
async fn callers_get_their_own_things_and_others_things_look_absent() {
    let stack = Stack::shared(&[Funders, Mmob, Operations]).await;
    let fixtures = Fixtures::make(&stack).await;
    others_things_look_absent(&stack, &fixtures).await;
    let mut routes = wanting(Credential::Token);
    // Routes that delete come last.
    routes.sort_by_key(|route| route.method == Method::DELETE);
    for route in &routes {
        fixtures.check_route(&stack, route).await;
    }
}
