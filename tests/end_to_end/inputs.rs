//! Every route of the API document, asked in ways that no route takes: bodies that are too large, ambiguous, too deep, cut off
//! or called something else, other methods, a slash too many.

use http::Method;
use serde_json::Value;

use super::mmob::{offer, placed, route as webhook, shown};
use crate::channel::ADMIN;
use crate::stack::{Got, Stack};
use crate::surface::{Credential, Route, routes};

/// Whoever may do everything, and has what routes name.
struct Owner {
    stack: Stack,
    token: String,
    key: String,
    case: String,
    channel: String,
    product: String,
    order: String,
}

/// The one route that takes a form.
const FORM: &str = "/v1/bqs-case/document/{sequence}";
/// A spec writes these with a slash at their end.
const SLASHED: [&str; 2] = ["/v1/bqs-case/management", "/v1/bqs-case/message/case"];

impl Owner {
    async fn new() -> Self {
        let stack = Stack::begin().await;
        let roles = bqs::channel::Role::ALL.map(bqs::channel::Role::name);
        let key = stack.channel(&roles, &[808]).await.key;
        let case = stack.case(&key, 808).await.to_string();
        let offer = offer(&stack, serde_json::json!({"kind": "manual"})).await;
        let demand = serde_json::json!({"url": webhook(&stack)});
        let order = placed(&stack, &offer, demand).await;
        shown(&stack, &order, |order| order["manual"] == "by-hand").await;
        Self {
            token: stack.token("admin", "admin@example.com", &["admin"]),
            channel: stack.channel(&[], &[]).await.name,
            product: offer.product,
            stack,
            key,
            case,
            order,
        }
    }

    fn path(&self, route: &Route) -> String {
        route.with(&[
            ("sequence", self.case.as_str()),
            ("channelName", &self.channel),
            ("prodId", &self.product),
            ("orderId", &self.order),
        ])
    }

    async fn send(&self, route: &Route, media: &str, body: &str) -> Got {
        let more = [("x-api-key", self.key.as_str()), ("content-type", media)];
        let path = self.path(route);
        self.stack
            .send(route.method.clone(), &path, &self.token, Some(body), &more)
            .await
    }

    /// The case, the order and the channel.
    async fn seen(&self) -> String {
        let admin = self.stack.sample_key(ADMIN);
        let (case, channel) = (
            format!("/v1/bqs-case/case/{}", self.case),
            format!("/v1/bqs-case/management/{}", self.channel),
        );
        let case = self.stack.ask(Method::GET, &case, &self.key, None).await;
        let channel = self.stack.ask(Method::GET, &channel, &admin, None).await;
        let order = format!("/api/mmob/orders/{}", self.order);
        let order = self.stack.get(&order, &self.token).await;
        [case.text, channel.text, order.text].concat()
    }
}

/// A body, what it is called, and how it is refused.
type Bad = (u16, &'static str, String);

const JSON: &str = "application/json";

/// The sample of a route, made unusable.
fn bad_bodies(route: &Route) -> Vec<Bad> {
    let sample = route.body().unwrap();
    let media = ["text/plain", "application/xml", "application/x-www-form-urlencoded"];
    let mut bodies: Vec<Bad> = media.iter().map(|media| (415, *media, sample.to_owned())).collect();
    if route.path == FORM {
        bodies.push((415, JSON, sample.to_owned()));
        for cut in ["", "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n%PDF"] {
            bodies.push((400, "multipart/form-data; boundary=b", cut.to_owned()));
        }
        return bodies;
    }
    let first: Value = serde_json::from_str(sample).unwrap();
    let (name, value) = first.as_object().unwrap().iter().next().unwrap();
    let deep = format!("{{\"nobodyKnows\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    // A proposal brings documents along.
    let too_much = if route.path.ends_with("/proposals/generate") {
        4_600_000
    } else {
        1024 * 1024
    };
    let mut cut = sample.trim_end().to_owned();
    cut.pop();
    bodies.extend([
        (413, JSON, format!("{sample}{}", " ".repeat(too_much))),
        (400, JSON, sample.replacen('{', &format!("{{\"{name}\":{value},"), 1)),
        (400, JSON, deep),
        (400, JSON, cut),
        (400, JSON, format!("{sample}{sample}")),
        (400, JSON, "not JSON".into()),
    ]);
    bodies
}

#[tokio::test]
async fn bodies_that_no_route_takes_are_refused_alike_and_change_nothing() {
    let owner = Owner::new().await;
    let mut routes = routes();
    // Who shows nothing is refused before the body is read, or after it is: see `webhooks`.
    routes.retain(|route| route.wants != Credential::Nothing && route.body().is_some());
    assert!(routes.len() >= 14, "{}", routes.len());
    let send = async || {
        for route in &routes {
            for (status, media, body) in bad_bodies(route) {
                let got = owner.send(route, media, &body).await;
                let name = route.name();
                assert_eq!(got.status, status, "{name} {media} {body:.60}: {}", got.text);
                assert_eq!(got.header("content-type"), Some("application/problem+json"), "{name}");
            }
        }
    };
    owner.stack.stays(async || owner.seen().await, send).await;
}

#[tokio::test]
async fn a_path_says_which_methods_it_takes() {
    let stack = Stack::begin().await;
    let routes = routes();
    let known = [Method::DELETE, Method::GET, Method::PATCH, Method::POST, Method::PUT];
    for route in &routes {
        let own = |method: &Method| {
            routes
                .iter()
                .any(|other| other.path == route.path && other.method == *method)
        };
        let allowed: Vec<&str> = known.iter().filter(|method| own(method)).map(Method::as_str).collect();
        for method in known.iter().filter(|method| !own(method)) {
            let got = stack.send(method.clone(), &route.with(&[]), "", None, &[]).await;
            let said = (got.status, got.header("allow"), got.header("content-type"));
            let wanted = (405, Some(allowed.join(", ")), Some("application/problem+json"));
            assert_eq!(
                said,
                (wanted.0, wanted.1.as_deref(), wanted.2),
                "{method} {}",
                route.path
            );
        }
    }
}

#[tokio::test]
async fn a_slash_too_many_is_taken_off_or_passed_over() {
    let stack = Stack::begin().await;
    for route in routes() {
        let path = route.with(&[]);
        let ask = async |path: &str| stack.send(route.method.clone(), path, "", route.body(), &[]).await;
        let slashed = ask(&format!("{path}/?a=1")).await;
        if SLASHED.contains(&route.path.as_str()) {
            assert_eq!(slashed.status, ask(&path).await.status, "{}", route.name());
            continue;
        }
        assert_eq!(slashed.status, 308, "{}: {}", route.name(), slashed.text);
        let location = slashed.header("location").unwrap();
        assert!(location.ends_with(&format!("{path}?a=1")), "{location}");
    }
}
