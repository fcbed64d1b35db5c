//! Every route with bodies that no route takes: too large, ambiguous, too deep, cut off, or with another content type.

use http::Method;
use serde_json::Value;

use crate::channel::ADMIN;
use crate::end_to_end::mmob::market::ordered;
use crate::stack::{HubResponse, Stack};
use crate::surface::{Credential, Route, routes};

/// A caller with every role, and the things that it asks for.
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

impl Owner {
    async fn new() -> Self {
        let stack = Stack::whole().await;
        let roles = bqs::channel::Role::ALL.map(bqs::channel::Role::name);
        let key = stack.channel(&roles, &[808]).await.key;
        let case = stack.case(&key, 808).await.to_string();
        let (product, order) = ordered(&stack).await;
        Self {
            token: stack.token("admin", "admin@example.com", &["admin"]),
            channel: stack.channel(&[], &[]).await.name,
            product,
            order,
            stack,
            key,
            case,
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

    async fn send(&self, route: &Route, media: &str, body: &str) -> HubResponse {
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
        let case = self.stack.send_with_key(Method::GET, &case, &self.key, None).await;
        let channel = self.stack.send_with_key(Method::GET, &channel, &admin, None).await;
        let order = format!("/api/mmob/orders/{}", self.order);
        let order = self.stack.get(&order, &self.token).await;
        [case.text, channel.text, order.text].concat()
    }
}

/// The status of the refusal, the content type and the body.
type BadBody = (u16, &'static str, String);

const JSON: &str = "application/json";

/// The sample of a route, spoilt in each way.
fn bad_bodies(route: &Route) -> Vec<BadBody> {
    let sample = route.body().unwrap();
    let media = ["text/plain", "application/xml", "application/x-www-form-urlencoded"];
    let mut bodies: Vec<BadBody> = media.iter().map(|media| (415, *media, sample.to_owned())).collect();
    if route.path == FORM {
        bodies.push((415, JSON, sample.to_owned()));
        for cut in ["", "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n%PDF"] {
            bodies.push((400, "multipart/form-data; boundary=b", cut.to_owned()));
        }
        return bodies;
    }
    let first: Value = serde_json::from_str(sample).unwrap();
    let (name, value) = first.as_object().unwrap().iter().next().unwrap();
    let deep = format!("{{\"unknown\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    // A proposal may have documents.
    let excess = if route.path.ends_with("/proposals/generate") {
        4_600_000
    } else {
        1024 * 1024
    };
    let mut cut = sample.trim_end().to_owned();
    cut.pop();
    bodies.extend([
        (413, JSON, format!("{sample}{}", " ".repeat(excess))),
        (400, JSON, sample.replacen('{', &format!("{{\"{name}\":{value},"), 1)),
        (400, JSON, deep),
        (400, JSON, cut),
        (400, JSON, format!("{sample}{sample}")),
        (400, JSON, "not JSON".into()),
    ]);
    bodies
}

#[tokio::test]
async fn bodies_that_no_route_takes_are_refused_and_change_nothing() {
    let owner = Owner::new().await;
    let mut routes = routes();
    // Tests of webhooks send bad bodies to public routes.
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
    owner.stack.assert_unchanged(async || owner.seen().await, send).await;
}
