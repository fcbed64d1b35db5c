//! A caller without the function's role gets 403, whatever else the request would get.

use std::collections::BTreeSet;

use http::Method;
use runtime::testing::{Harness, TestRequest};
use runtime::trigger::Access;
use serde_json::json;
use utoipa::OpenApi;

use super::functions;
use crate::channel::Role;
use crate::testing::{channel, harness, permit};
use crate::{Api, Env};

const CASE: &str = include_str!("../../fixtures/case-private.json");
const DEALERS: [i64; 2] = [808, 730];
/// More than any function takes.
const TOO_LARGE: usize = 6 * 1024 * 1024 + 1;
const FORM: &str = "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n%PDF-1.4\r\n--XX\r\n\
    Content-Disposition: form-data; name=\"code\"\r\n\r\n123\r\n--XX--\r\n";

/// A route of the API document, and its function.
struct Route {
    method: Method,
    path: String,
    function: &'static str,
    role: Role,
    idempotent: bool,
}

impl Route {
    fn request<'a>(&self, hub: &'a Harness<Env>) -> TestRequest<'a> {
        let path = self.path.replace("{sequence}", "1").replace("{channelName}", "owner");
        hub.request(self.method.clone(), &path)
    }

    /// A valid request. `name` is the channel that a management request names in its body.
    fn valid<'a>(&self, hub: &'a Harness<Env>, name: &str) -> TestRequest<'a> {
        let request = self.request(hub);
        match self.function {
            "bqs-case-create" => request.body(CASE),
            "bqs-case-update" => request.body(include_str!("../../fixtures/case-update.json")),
            "bqs-case-score" => request.body(include_str!("../../fixtures/score.json")),
            "bqs-case-consent" => request.body(include_str!("../../fixtures/consent.json")),
            "bqs-message-create" => request.body(include_str!("../../fixtures/message.json")),
            "bqs-document-upload" => request.bytes("multipart/form-data; boundary=XX", FORM.as_bytes()),
            "bqs-document-presign" => {
                request.body(json!({"code": "123", "contentType": "application/pdf", "size": 4_000_000}))
            }
            "bqs-management-create" | "bqs-management-update" => request.body(json!({
                "channelName": name, "roles": ["admin"],
                "allowedDealerCodes": [], "allowedBrandCodes": [], "allowedAgreements": [],
            })),
            _ => request,
        }
    }

    /// Requests that this route or another one refuses, and the valid one.
    fn requests<'a>(&self, hub: &'a Harness<Env>) -> Vec<TestRequest<'a>> {
        let absent = |request: TestRequest<'a>| request.path("sequence", "999").path("channelName", "absent");
        vec![
            self.valid(hub, "owner"),
            absent(self.valid(hub, "absent")),
            self.request(hub).body("{"),
            self.request(hub).body("{}"),
            self.request(hub).body("x").header("content-type", "text/plain"),
            self.request(hub).body("x".repeat(TOO_LARGE)),
            self.valid(hub, "owner").key(&"k".repeat(256)),
        ]
    }
}

/// Every route of every function that answers HTTP requests.
fn routes() -> Vec<Route> {
    let functions = functions();
    let mut routes = Vec::new();
    for (path, item) in &Api::openapi().paths.paths {
        for (method, operation) in [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
        ] {
            let Some(operation) = operation else { continue };
            let id = operation.operation_id.as_deref().unwrap();
            let (function, value) = functions.iter().find(|(name, _)| id.starts_with(name)).unwrap();
            let route = value.route().unwrap();
            let Access::Callers(role) = route.access else {
                panic!("{function} is public")
            };
            routes.push(Route {
                method,
                path: path.clone(),
                function,
                role: *role,
                idempotent: route.idempotent,
            });
        }
    }
    for (name, _) in functions.iter().filter(|(_, function)| function.route().is_some()) {
        assert!(
            routes.iter().any(|route| route.function == *name),
            "{name} has no route"
        );
    }
    routes
}

/// A channel with every role, and with a case.
async fn owner() -> Harness<Env> {
    let hub = harness();
    let key = channel(&hub, "owner", &Role::ALL, &DEALERS).await;
    // A second admin: the owner may lose the role.
    channel(&hub, "admin", &[Role::Admin], &[]).await;
    let owner = hub.as_channel(&key);
    assert_eq!(owner.post("/v1/bqs-case/case", CASE).await.status, 201);
    owner
}

#[test]
fn roles_are_those_of_the_contract() {
    let wanted = |function: &str| match function {
        "bqs-case-get" => Role::CaseRead,
        "bqs-message-list" => Role::MessageRead,
        "bqs-message-create" => Role::MessageWrite,
        function if function.starts_with("bqs-case-") => Role::CaseWrite,
        function if function.starts_with("bqs-document-") => Role::DocumentWrite,
        _ => Role::Admin,
    };
    for route in routes() {
        assert_eq!(route.role, wanted(route.function), "{}", route.function);
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_role_comes_before_every_other_refusal() {
    let mut refusals = BTreeSet::new();
    for route in routes() {
        let owner = owner().await;
        let others: Vec<Role> = Role::ALL.into_iter().filter(|role| *role != route.role).collect();
        let key = channel(&owner, "without", &others, &DEALERS).await;
        let without = owner.as_channel(&key);
        let before = ["cases", "keys"].map(|table| format!("{:?}", owner.fakes.store.table(table)));
        for request in route.requests(&without) {
            let got = request.await;
            assert_eq!(got.status, 403, "{}: {}", route.function, got.text);
            assert_eq!(
                got.text("detail"),
                format!("This needs the role `{}`.", route.role.name())
            );
        }
        let after = ["cases", "keys"].map(|table| format!("{:?}", owner.fakes.store.table(table)));
        assert_eq!(after, before, "{}", route.function);
        let count = route.requests(&owner).len();
        for place in 0..count {
            // A new one, because a request may change the owner itself.
            let owner = self::owner().await;
            let got = route.requests(&owner).swap_remove(place).await;
            assert_ne!(got.status, 403, "{}: {}", route.function, got.text);
            refusals.insert(got.status);
        }
    }
    assert!(
        refusals.is_superset(&BTreeSet::from([400, 404, 409, 413, 415])),
        "{refusals:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_revoked_role_comes_before_the_replay_of_a_key() {
    let mut count = 0;
    for route in routes().into_iter().filter(|route| route.idempotent) {
        let owner = owner().await;
        let name = route.function;
        let first = route.valid(&owner, "new").key("one").await;
        assert!((200..300).contains(&first.status), "{name}: {}", first.text);
        let key = if name == "bqs-management-rotate" {
            first.text("apiKey")
        } else {
            String::new()
        };
        // A rotation of the owner's own key ends the old one.
        let owner = if key.is_empty() { owner } else { owner.as_channel(&key) };
        permit(&owner, "owner", |channel| {
            channel.permissions.roles.remove(&route.role);
        })
        .await;
        assert_eq!(route.valid(&owner, "new").key("one").await.status, 403, "{name}");
        // The same key with another body.
        let reused = route.request(&owner).body("{}").key("one");
        assert_eq!(reused.await.status, 403, "{name}");
        permit(&owner, "owner", |channel| {
            channel.permissions.roles.insert(route.role);
        })
        .await;
        let again = route.valid(&owner, "new").key("one").await;
        assert_eq!(again.status, first.status, "{name}: {}", again.text);
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{name}");
        count += 1;
    }
    assert_eq!(count, 7);
}
