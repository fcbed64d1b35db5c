//! Every route with bodies that no route takes: too large, ambiguous, too deep, cut off, or with another content type.

use serde_json::Value;

use crate::channel::Channel;
use crate::end_to_end::mmob::market::ordered;
use crate::stack::{HubResponse, Stack};
use crate::surface::{Credential, Route, routes};

/// A caller with every role, and the things that it asks for.
struct Owner {
    stack: Stack,
    channel: Channel,
    case: String,
    /// A channel that it manages.
    managed: String,
    product: String,
    order: String,
}

/// The one route that takes a form.
const FORM: &str = "/v1/bqs-case/document/{sequence}";

impl Owner {
    async fn new() -> Self {
        let stack = Stack::whole().await;
        let roles = bqs::channel::Role::ALL.map(bqs::channel::Role::name);
        let channel = stack.channel(&roles, &[808]).await;
        let case = stack.case(&channel.key, 808).await.to_string();
        let (product, order) = ordered(&stack).await;
        Self {
            managed: stack.channel(&[], &[]).await.name,
            stack,
            channel,
            case,
            product,
            order,
        }
    }

    fn path(&self, route: &Route) -> String {
        route.with(&[
            ("sequence", self.case.as_str()),
            ("channelName", &self.managed),
            ("prodId", &self.product),
            ("orderId", &self.order),
        ])
    }

    /// Sends a bad body, in the attempt with this id.
    async fn send(&self, route: &Route, bad: &BadBody, id: &str) -> HubResponse {
        let (status, media, body) = bad;
        let token = self
            .stack
            .token(&format!("admin-{id}"), "admin@example.com", &["admin", "agent"]);
        let key = self.channel.key.as_str();
        let mut headers = vec![("x-api-key", key), ("content-type", *media), ("x-correlation-id", id)];
        // BQS's handlers read JSON after the claim, and the record of a freed claim stays.
        let is_claimed = route.wants == Credential::ApiKey && *media == JSON && *status == 400;
        headers.extend((!is_claimed).then_some(("idempotency-key", id)));
        let path = self.path(route);
        self.stack
            .send(route.method.clone(), &path, &token, Some(body), &headers)
            .await
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
    // The number alone may be in any text.
    let case = format!("CASE#{}", owner.case);
    let own = [&owner.channel.name, &case, &owner.managed, &owner.product, &owner.order];
    let send = async |id: &str| {
        for route in &routes {
            for bad in bad_bodies(route) {
                let got = owner.send(route, &bad, id).await;
                let ((status, media, body), name) = (bad, route.name());
                assert_eq!(got.status, status, "{name} {media} {body:.60}: {}", got.text);
                assert_eq!(got.header("content-type"), Some("application/problem+json"), "{name}");
            }
        }
    };
    owner.stack.assert_unchanged(&own.map(String::as_str), send).await;
}
