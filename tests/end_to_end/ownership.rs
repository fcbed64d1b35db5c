//! Who may do what: every protected route for every kind of caller, and nothing of anybody else's in any answer.

use http::Method;
use runtime::clock::Clock;
use serde_json::{Value, json};

use super::mmob::{offer, placed, route, shown};
use crate::stack::{Got, Stack};
use crate::surface::{Credential, Route, wanting};

/// `bare` has the owner's address, unverified, and no role; `other` is a customer like the owner.
const CALLERS: [&str; 6] = ["none", "bare", "other", "owner", "staff", "admin"];

/// What each of [`CALLERS`] gets for the owner's things.
const MATRIX: &[(&str, [u16; 6])] = &[
    ("GET /api/customers", [401, 403, 403, 403, 200, 200]),
    ("GET /api/customers/{email}", [401, 403, 403, 200, 200, 200]),
    ("GET /api/funders", [401, 200, 200, 200, 200, 200]),
    (
        "GET /api/integration/customers/{email}/proposals",
        [401, 403, 403, 200, 200, 200],
    ),
    (
        "GET /api/integration/customers/{email}/quotes",
        [401, 403, 403, 200, 200, 200],
    ),
    ("GET /api/integration/deliveries", [401, 403, 403, 403, 200, 200]),
    (
        "POST /api/integration/deliveries/{deliveryId}/replay",
        [401, 403, 403, 403, 202, 202],
    ),
    ("GET /api/integration/funders", [401, 200, 200, 200, 200, 200]),
    (
        "POST /api/integration/funders/{funderName}/test",
        [401, 403, 403, 403, 403, 200],
    ),
    ("GET /api/integration/logs", [401, 403, 403, 403, 200, 200]),
    ("GET /api/integration/metrics", [401, 403, 403, 403, 200, 200]),
    // Staff may, but by then the owner has.
    (
        "POST /api/integration/proposals/generate",
        [401, 404, 404, 202, 409, 409],
    ),
    (
        "GET /api/integration/proposals/{proposalId}/status",
        [401, 404, 404, 200, 200, 200],
    ),
    ("POST /api/integration/quotes/generate", [401, 403, 403, 201, 201, 201]),
    (
        "GET /api/integration/quotes/{quoteId}/status",
        [401, 404, 404, 200, 200, 200],
    ),
    ("GET /api/integration/subscriptions", [401, 403, 403, 403, 403, 200]),
    ("POST /api/integration/subscriptions", [401, 403, 403, 403, 403, 201]),
    (
        "DELETE /api/integration/subscriptions/{subscriptionId}",
        [401, 403, 403, 403, 403, 204],
    ),
    ("GET /api/mmob/orders", [401, 403, 403, 403, 200, 200]),
    ("GET /api/mmob/orders/{orderId}", [401, 403, 403, 403, 200, 200]),
    // An admin may, but by then it is decided.
    ("POST /api/mmob/orders/{orderId}", [401, 403, 403, 403, 200, 409]),
    ("GET /api/mmob/products", [401, 403, 403, 403, 200, 200]),
    ("POST /api/mmob/products", [401, 403, 403, 403, 403, 201]),
    (
        "POST /api/mmob/products/{prodId}/pricing",
        [401, 403, 403, 403, 403, 201],
    ),
    ("GET /api/proposals", [401, 200, 200, 200, 200, 200]),
    ("GET /api/proposals/{proposalId}", [401, 404, 404, 200, 200, 200]),
    ("GET /api/quotes", [401, 200, 200, 200, 200, 200]),
    ("GET /api/quotes/{quoteId}", [401, 404, 404, 200, 200, 200]),
    ("GET /api/vehicles", [401, 403, 403, 403, 200, 200]),
    // A vehicle is nobody's.
    ("GET /api/vehicles/{capId}", [401, 200, 200, 200, 200, 200]),
];

/// The owner's things, and everybody's tokens.
struct House {
    stack: Stack,
    tokens: [String; 6],
    email: String,
    /// Was made into the proposal.
    quote: String,
    /// Still free.
    open: String,
    proposal: String,
    subscription: String,
    delivery: String,
    product: String,
    /// Waits for whoever decides it.
    order: String,
}

const HOOK: &str = r#"{"url":"http://127.0.0.1:9/hook","eventTypes":["quote.generated"]}"#;

fn text(got: &Got, pointer: &str) -> String {
    let found = got.json().pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.unwrap_or_else(|| panic!("{pointer} in {} {}", got.status, got.text))
}

fn quote_of(email: &str) -> String {
    include_str!("../../events/bodies/quote.json").replace("john.doe@example.com", email)
}

fn proposal_of(quote: &str) -> String {
    let sample = include_str!("../../events/bodies/proposal.json");
    sample.replace("0190d5a0-0000-7000-8000-000000000001", quote)
}

/// A product that is fulfilled by hand, and an order of it.
async fn ordered(stack: &Stack) -> (String, String) {
    let offer = offer(stack, json!({"kind": "manual"})).await;
    let order = placed(stack, &offer, json!({"url": route(stack)})).await;
    shown(stack, &order, |order| order["manual"] == "by-hand").await;
    (offer.product, order)
}

impl House {
    async fn furnished() -> Self {
        let stack = Stack::begin().await;
        let run = uuid::Uuid::new_v4();
        let email = format!("owner-{run}@example.com");
        let mut bare = runtime::testing::claims("bare", &email, &[], Clock::System.now());
        bare["email_verified"] = json!(false);
        let tokens = [
            String::new(),
            stack.sign(r#"{"alg":"RS256","typ":"JWT"}"#, &bare.to_string()),
            stack.token("other", "other@example.com", &[]),
            stack.token(&format!("owner-{run}"), &email, &[]),
            stack.token("staff", "staff@example.com", &["staff"]),
            stack.token("admin", "admin@example.com", &["admin"]),
        ];
        let [_, _, _, owner, _, admin] = &tokens;
        let post = async |token: &str, path: &str, body: &str| {
            let path = format!("/api/integration/{path}");
            stack.send(Method::POST, &path, token, Some(body), &[]).await
        };
        let subscription = text(&post(admin, "subscriptions", HOOK).await, "/id");
        let quote = text(&post(owner, "quotes/generate", &quote_of(&email)).await, "/data/id");
        let open = text(&post(owner, "quotes/generate", &quote_of(&email)).await, "/data/id");
        let proposal = post(owner, "proposals/generate", &proposal_of(&quote)).await;
        let proposal = text(&proposal, "/data/proposalId");
        // Workers list what was made, and announce it.
        let customer = format!("/api/customers/{email}");
        stack.until(&customer, owner, |got| got.status == 200).await;
        let listed = |got: &Got| got.json()["data"][0].is_object();
        let proposals = format!("/api/integration/customers/{email}/proposals");
        stack.until(&proposals, owner, listed).await;
        let deliveries = format!("/api/integration/deliveries?subscriptionId={subscription}");
        let announced = |got: &Got| got.json()["deliveries"][0].is_object();
        let delivery = text(&stack.until(&deliveries, admin, announced).await, "/deliveries/0/id");
        let (product, order) = ordered(&stack).await;
        Self {
            stack,
            tokens,
            email,
            quote,
            open,
            proposal,
            subscription,
            delivery,
            product,
            order,
        }
    }

    async fn ask(&self, route: &Route, token: &str) -> Got {
        let values = [
            ("email", self.email.as_str()),
            ("quoteId", &self.quote),
            ("proposalId", &self.proposal),
            ("subscriptionId", &self.subscription),
            ("deliveryId", &self.delivery),
            ("prodId", &self.product),
            ("orderId", &self.order),
        ];
        self.send(route, token, &values, &self.open).await
    }

    async fn send(&self, route: &Route, token: &str, values: &[(&str, &str)], quote: &str) -> Got {
        let body = route.body().map(|sample| match route.path.as_str() {
            "/api/integration/quotes/generate" => quote_of(&self.email),
            "/api/integration/proposals/generate" => proposal_of(quote),
            "/api/integration/subscriptions" => HOOK.into(),
            _ => sample.into(),
        });
        let path = route.with(values);
        let method = route.method.clone();
        self.stack.send(method, &path, token, body.as_deref(), &[]).await
    }

    async fn check(&self, route: &Route, caller: usize, wanted: u16) -> Got {
        let mut got = self.ask(route, &self.tokens[caller]).await;
        for _ in 0..20 {
            if got.status != 409 || wanted == 409 {
                break;
            }
            // The delivery is being tried at this moment.
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
            got = self.ask(route, &self.tokens[caller]).await;
        }
        // Whoever is told to wait a minute was let in.
        let status = if got.status == 429 { 200 } else { got.status };
        assert_eq!(status, wanted, "{} as {}: {}", route.name(), CALLERS[caller], got.text);
        got
    }
}

#[test]
fn the_matrix_has_every_protected_route() {
    let mut listed: Vec<&str> = MATRIX.iter().map(|(name, _)| *name).collect();
    let mut routes: Vec<String> = wanting(Credential::Token).iter().map(Route::name).collect();
    listed.sort_unstable();
    routes.sort_unstable();
    assert_eq!(listed, routes);
}

#[tokio::test]
async fn everybody_gets_what_is_theirs_and_nothing_else() {
    let house = House::furnished().await;
    let mut routes = wanting(Credential::Token);
    // What deletes comes last, and callers come in the order of what they may.
    routes.sort_by_key(|route| route.method == Method::DELETE);
    for route in &routes {
        let row = MATRIX.iter().find(|(name, _)| *name == route.name()).unwrap();
        for (caller, wanted) in row.1.into_iter().enumerate() {
            let got = house.check(route, caller, wanted).await;
            if ["none", "bare", "other"].contains(&CALLERS[caller]) {
                for theirs in [
                    &house.email,
                    &house.quote,
                    &house.open,
                    &house.proposal,
                    &house.delivery,
                    &house.product,
                    &house.order,
                ] {
                    assert!(!got.text.contains(theirs), "{}: {}", route.name(), got.text);
                }
            }
            if wanted == 201 && route.path.ends_with("/subscriptions") {
                let gone = format!("{}/{}", route.path, text(&got, "/id"));
                house
                    .stack
                    .send(Method::DELETE, &gone, &house.tokens[caller], None, &[])
                    .await;
            }
        }
    }
}

/// All that an answer says, but for what differs between any two.
fn said(got: &Got) -> (u16, Vec<(String, String)>, String) {
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

#[tokio::test]
async fn what_is_somebody_elses_is_exactly_as_absent_as_what_is_not_there() {
    let house = House::furnished().await;
    let absent = "0190d5a0-0000-7000-8000-0000000000ff";
    let values = [
        ("email", "nobody-at-all@example.com"),
        ("quoteId", absent),
        ("proposalId", absent),
        ("subscriptionId", absent),
        ("deliveryId", absent),
        ("prodId", "prod_absent"),
        ("orderId", "po_absent"),
    ];
    let mut compared = 0;
    for route in wanting(Credential::Token) {
        let named = route
            .parameters()
            .any(|name| values.iter().any(|(known, _)| *known == name));
        if !named && !route.path.ends_with("/proposals/generate") {
            continue;
        }
        for caller in ["none", "bare", "other"] {
            let token = &house.tokens[CALLERS.iter().position(|name| *name == caller).unwrap()];
            let theirs = house.ask(&route, token).await;
            let none = house.send(&route, token, &values, absent).await;
            assert!(matches!(theirs.status, 401 | 403 | 404), "{}", route.name());
            assert_eq!(said(&theirs), said(&none), "{} as {caller}", route.name());
            compared += 1;
        }
    }
    assert!(compared >= 10 * 3, "{compared}");
    let admin = &house.tokens[5];
    let gone = format!("/api/integration/subscriptions/{}", house.subscription);
    house.stack.send(Method::DELETE, &gone, admin, None, &[]).await;
}
