//! A caller without the function's role gets 403, whatever else the request would get.

mod reads;

use std::collections::BTreeMap;

use http::Method;
use runtime::testing::access::{Callers, checks_callers_first, counted, protected, with_quota};
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
const FORM: &str = "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n%PDF-1.4\n%%EOF\r\n--XX\r\n\
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
    use Role::{Admin, CaseRead, CaseWrite, DocumentWrite, MessageRead, MessageWrite};
    let specified = [
        ("bqs-case-create", CaseWrite, true),
        ("bqs-case-update", CaseWrite, false),
        ("bqs-case-get", CaseRead, false),
        ("bqs-case-score", CaseWrite, true),
        ("bqs-case-consent", CaseWrite, true),
        ("bqs-management-create", Admin, true),
        ("bqs-management-rotate", Admin, true),
        ("bqs-management-update", Admin, false),
        ("bqs-management-get", Admin, false),
        ("bqs-message-create", MessageWrite, true),
        ("bqs-message-list", MessageRead, false),
        ("bqs-document-upload", DocumentWrite, true),
        ("bqs-document-presign", DocumentWrite, false),
    ];
    assert_eq!(protected(&functions()), specified);
}

#[test]
fn functions_whose_requests_go_upstream_have_a_quota() {
    let specified = [
        "bqs-case-create",
        "bqs-case-update",
        "bqs-case-score",
        "bqs-case-consent",
        "bqs-document-upload",
        "bqs-document-presign",
    ];
    assert_eq!(with_quota(&functions()), specified);
}

#[tokio::test(start_paused = true)]
async fn a_request_counts_where_its_function_has_a_quota() {
    let with_quota = with_quota(&functions());
    for route in routes() {
        let owner = owner().await;
        let before = counted(&owner);
        let got = route.valid(&owner, "new").await;
        let counts = with_quota.contains(&route.function);
        assert!(!counts || got.status < 300, "{}: {}", route.function, got.text);
        assert_eq!(counted(&owner) - before, u64::from(counts), "{}", route.function);
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_over_its_quota_is_refused_in_the_form_of_the_spec() {
    let owner = owner().await.with(&[("QUOTA_PER_MINUTE", "1")]);
    // A channel has ten times the quota of a customer, and `owner` has made a case.
    for _ in 1..10 {
        assert_eq!(owner.post("/v1/bqs-case/case", CASE).await.status, 201);
    }
    let before = owner.fakes.state();
    let refused = owner.post("/v1/bqs-case/case", CASE).key("one").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    let problem = refused.json();
    assert_eq!(problem["type"], "https://tools.ietf.org/html/rfc6585#section-4");
    assert_eq!(
        (&problem["status"], &problem["code"]),
        (&json!(429), &json!("too-many"))
    );
    assert_eq!(owner.fakes.state(), before);
    let other = channel(&owner, "another", &Role::ALL, &DEALERS).await;
    assert_eq!(
        owner.as_channel(&other).post("/v1/bqs-case/case", CASE).await.status,
        201
    );
}

/// A channel with one role, and one with all others, for each role.
struct Channels(BTreeMap<Role, [Harness<Env>; 2]>);

impl Channels {
    async fn create(hub: &Harness<Env>) -> Self {
        let mut channels = BTreeMap::new();
        for role in Role::ALL {
            let others: Vec<Role> = Role::ALL.into_iter().filter(|other| *other != role).collect();
            let holder = channel(hub, &format!("holder-{}", role.name()), &[role], &DEALERS).await;
            let other = channel(hub, &format!("other-{}", role.name()), &others, &DEALERS).await;
            channels.insert(role, [hub.as_channel(&holder), hub.as_channel(&other)]);
        }
        Self(channels)
    }
}

impl Callers<Env> for Channels {
    fn holder(&self, role: Role) -> Harness<Env> {
        self.0[&role][0].clone()
    }

    fn others(&self, role: Role) -> Vec<Harness<Env>> {
        vec![self.0[&role][1].clone()]
    }
}

#[tokio::test(start_paused = true)]
async fn callers_are_checked_before_anything_else() {
    let hub = harness();
    let channels = Channels::create(&hub).await;
    checks_callers_first(&hub, &channels).await;
}

/// A valid request, and one that names what does not exist.
#[tokio::test(start_paused = true)]
async fn a_missing_role_comes_before_every_response_of_a_handler() {
    for route in routes() {
        let owner = owner().await;
        let others: Vec<Role> = Role::ALL.into_iter().filter(|role| *role != route.role).collect();
        let key = channel(&owner, "without", &others, &DEALERS).await;
        let without = owner.as_channel(&key);
        let before = owner.fakes.state();
        let absent = route.valid(&without, "absent");
        for request in [
            route.valid(&without, "owner"),
            absent.path("sequence", "999").path("channelName", "absent"),
        ] {
            assert_eq!(request.await.status, 403, "{}", route.function);
        }
        assert_eq!(owner.fakes.state(), before, "{}", route.function);
        assert_ne!(route.valid(&owner, "owner").await.status, 403, "{}", route.function);
    }
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
            channel.permissions.roles.retain(|role| *role != route.role);
        })
        .await;
        assert_eq!(route.valid(&owner, "new").key("one").await.status, 403, "{name}");
        // The same key with another body.
        let reused = route.request(&owner).body("{}").key("one");
        assert_eq!(reused.await.status, 403, "{name}");
        permit(&owner, "owner", |channel| {
            channel.permissions.roles.push(route.role);
        })
        .await;
        let again = route.valid(&owner, "new").key("one").await;
        assert_eq!(again.status, first.status, "{name}: {}", again.text);
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{name}");
        count += 1;
    }
    assert_eq!(count, 7);
}

#[tokio::test(start_paused = true)]
async fn a_dealer_that_left_the_channel_comes_before_the_replay_of_a_key() {
    // Those who send messages and those who manage channels have no dealers.
    let is_of_a_case = |route: &Route| matches!(route.role, Role::CaseWrite | Role::DocumentWrite);
    let mut count = 0;
    for route in routes()
        .into_iter()
        .filter(|route| route.idempotent && is_of_a_case(route))
    {
        let name = route.function;
        let owner = owner().await;
        let first = route.valid(&owner, "new").key("one").await;
        assert!((200..300).contains(&first.status), "{name}: {}", first.text);
        let lists = |dealers: [i64; 2]| {
            permit(&owner, "owner", move |channel| {
                channel.permissions.allowed_dealer_codes = dealers.into();
            })
        };
        lists([1, 2]).await;
        let before = owner.fakes.state();
        assert_eq!(route.valid(&owner, "new").key("one").await.status, 403, "{name}");
        assert_eq!(owner.fakes.state(), before, "{name}");
        lists(DEALERS).await;
        let again = route.valid(&owner, "new").key("one").await;
        assert_eq!(again.status, first.status, "{name}: {}", again.text);
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{name}");
        count += 1;
    }
    assert_eq!(count, 4);
}
