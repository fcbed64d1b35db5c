//! Permissions of the case API: every route for every kind of channel. A refused request changes nothing.

use std::collections::BTreeSet;
use std::ops::Range;

use http::Method;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::upstream::settled_rows;
use crate::channel::{ADMIN, permissions};
use crate::lock::Domain::Bqs;
use crate::stack::{HubResponse, Stack};
use crate::surface::{Credential, Route, wanting};

/// The creator of a case, another channel for the same dealer, one for another dealer, one that created a case and then lost its
/// dealer; channels that created a case and then kept one role; a request without a key, and one with a key that was replaced.
const CALLERS: [&str; 12] = [
    "creator",
    "peer",
    "stranger",
    "withdrawn",
    "case.write",
    "case.read",
    "message.read",
    "message.write",
    "document.write",
    "admin",
    "anonymous",
    "revoked",
];

/// The callers with one role.
const ROLES: Range<usize> = 4..10;

/// The status for each of [`CALLERS`]. It asks for the creator's case, and a caller that lost a dealer or roles for its own.
const MATRIX: &[(&str, [u16; 12])] = &[
    (
        "POST /v1/bqs-case/case",
        [201, 201, 403, 403, 201, 403, 403, 403, 403, 403, 401, 401],
    ),
    (
        "GET /v1/bqs-case/case/{sequence}",
        [200, 403, 404, 403, 403, 200, 403, 403, 403, 403, 401, 401],
    ),
    (
        "PUT /v1/bqs-case/case/{sequence}",
        [200, 403, 404, 403, 200, 403, 403, 403, 403, 403, 401, 401],
    ),
    (
        "POST /v1/bqs-case/case/{sequence}/business-consent",
        [202, 403, 404, 403, 202, 403, 403, 403, 403, 403, 401, 401],
    ),
    (
        "POST /v1/bqs-case/case/{sequence}/score-customer",
        [202, 403, 404, 403, 202, 403, 403, 403, 403, 403, 401, 401],
    ),
    (
        "POST /v1/bqs-case/document/{sequence}",
        [201, 403, 404, 403, 403, 403, 403, 403, 201, 403, 401, 401],
    ),
    (
        "POST /v1/bqs-case/document/{sequence}/upload",
        [201, 403, 404, 403, 403, 403, 403, 403, 201, 403, 401, 401],
    ),
    (
        "GET /v1/bqs-case/management",
        [403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 401, 401],
    ),
    (
        "POST /v1/bqs-case/management",
        [403, 403, 403, 403, 403, 403, 403, 403, 403, 201, 401, 401],
    ),
    (
        "GET /v1/bqs-case/management/{channelName}",
        [403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 401, 401],
    ),
    (
        "PUT /v1/bqs-case/management/{channelName}",
        [403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 401, 401],
    ),
    (
        "POST /v1/bqs-case/management/{channelName}/key",
        [403, 403, 403, 403, 403, 403, 403, 403, 403, 201, 401, 401],
    ),
    // A channel sees the messages of its own dealers only, so that a stranger gets an empty list.
    (
        "GET /v1/bqs-case/message/case",
        [200, 200, 200, 200, 403, 403, 200, 403, 403, 403, 401, 401],
    ),
    (
        "POST /v1/bqs-case/message/case",
        [403, 403, 403, 403, 403, 403, 403, 202, 403, 403, 401, 401],
    ),
];

const DEALER: i64 = 808;
const MANAGEMENT: &str = "/v1/bqs-case/management";
const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\
    Content-Type: application/pdf\r\n\r\n%PDF-1.4\n%%EOF\n\r\n--b\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n123\r\n--b--\r\n";

struct Caller {
    key: String,
    /// The case that it asks for.
    case: i64,
}

impl Caller {
    /// A channel that created a case and then kept these roles and dealers.
    async fn reduced_to(stack: &Stack, roles: &[&str], dealers: &[i64]) -> Self {
        let channel = stack.channel(&["case.write"], &[DEALER]).await;
        let case = stack.case(&channel.key, DEALER).await;
        stack.permit(&channel.name, roles, dealers).await;
        let key = channel.key;
        Self { key, case }
    }
}

/// A case, every caller that may ask for it, and a channel that admins manage.
struct Fixtures {
    callers: Vec<Caller>,
    managed: String,
}

/// Made by the first test that needs them.
static FIXTURES: OnceCell<Fixtures> = OnceCell::const_new();

impl Fixtures {
    async fn of(stack: &Stack) -> &'static Self {
        FIXTURES.get_or_init(|| Self::make(stack)).await
    }

    async fn make(stack: &Stack) -> Self {
        let admin = stack.sample_key(ADMIN);
        let dealer = ["case.write", "case.read", "message.read", "document.write"];
        let creator = stack.channel(&dealer, &[DEALER]).await.key;
        let case = stack.case(&creator, DEALER).await;
        let mut callers = vec![creator];
        callers.push(stack.channel(&dealer, &[DEALER]).await.key);
        callers.push(stack.channel(&dealer, &[1]).await.key);
        let mut callers: Vec<Caller> = callers.into_iter().map(|key| Caller { key, case }).collect();
        callers.push(Caller::reduced_to(stack, &dealer, &[1]).await);
        for role in &CALLERS[ROLES] {
            callers.push(Caller::reduced_to(stack, &[role], &[DEALER]).await);
        }
        let revoked = stack.channel(&CALLERS[ROLES], &[DEALER]).await;
        let path = format!("{MANAGEMENT}/{}/key", revoked.name);
        let rotated = stack.send_with_key(Method::POST, &path, &admin, None).await;
        assert_eq!(rotated.status, 201, "{}", rotated.text);
        for key in [String::new(), revoked.key] {
            callers.push(Caller { key, case });
        }
        let managed = stack.channel(&[], &[]).await.name;
        Self { callers, managed }
    }

    async fn send(&self, stack: &Stack, route: &Route, Caller { key, case }: &Caller) -> HubResponse {
        let sequence = case.to_string();
        let mut path = route.with(&[("sequence", sequence.as_str()), ("channelName", self.managed.as_str())]);
        if route.name() == "GET /v1/bqs-case/message/case" {
            path.push_str(&format!("?pre_view_case_id={sequence}"));
        }
        let (mut media, idempotency) = ("application/json", uuid::Uuid::new_v4().to_string());
        let body = match route.name().as_str() {
            "POST /v1/bqs-case/document/{sequence}" => {
                media = "multipart/form-data; boundary=b";
                Some(FORM.to_owned())
            }
            "POST /v1/bqs-case/document/{sequence}/upload" => {
                Some(r#"{"code":"123","contentType":"application/pdf","size":1000}"#.to_owned())
            }
            "POST /v1/bqs-case/management" => {
                Some(permissions(&format!("test-{}", uuid::Uuid::new_v4()), &[], &[DEALER]))
            }
            "PUT /v1/bqs-case/management/{channelName}" => Some(permissions(&self.managed, &["case.read"], &[DEALER])),
            _ => route.body().map(str::to_owned),
        };
        let headers = [
            ("x-api-key", key.as_str()),
            ("content-type", media),
            ("idempotency-key", &idempotency),
        ];
        let method = route.method.clone();
        stack.send(method, &path, "", body.as_deref(), &headers).await
    }

    async fn check(&self, stack: &Stack, route: &Route, caller: usize, wanted: u16) {
        let got = self.send(stack, route, &self.callers[caller]).await;
        let name = CALLERS[caller];
        assert_eq!(got.status, wanted, "{} as {name}: {}", route.name(), got.text);
        if wanted >= 400 {
            assert_eq!(got.json()["status"], wanted, "{}", got.text);
        }
    }

    /// Checks every refusal of these callers. Returns their number.
    async fn check_refusals(&self, stack: &Stack, callers: Range<usize>) -> usize {
        let mut refused = 0;
        for route in &wanting(Credential::ApiKey) {
            let refusals = statuses(route).filter(|(_, wanted)| *wanted >= 400);
            for (caller, wanted) in refusals.filter(|(caller, _)| callers.contains(caller)) {
                self.check(stack, route, caller, wanted).await;
                refused += 1;
            }
        }
        refused
    }
}

/// The callers of a route with their statuses.
fn statuses(route: &Route) -> impl Iterator<Item = (usize, u16)> {
    let (_, row) = MATRIX.iter().find(|(name, _)| *name == route.name()).unwrap();
    row.iter().copied().enumerate()
}

#[test]
fn the_matrix_lists_every_route_of_channels() {
    let listed: BTreeSet<String> = MATRIX.iter().map(|(name, _)| (*name).to_owned()).collect();
    let routes: BTreeSet<String> = wanting(Credential::ApiKey).iter().map(Route::name).collect();
    assert_eq!(listed, routes);
    let roles = bqs::channel::Role::ALL.map(bqs::channel::Role::name);
    assert_eq!(CALLERS[ROLES], roles);
}

#[tokio::test]
async fn channels_may_do_what_their_roles_allow_and_a_refusal_changes_no_row() {
    let stack = Stack::exclusive(&[Bqs]).await;
    let fixtures = Fixtures::of(&stack).await;
    let before = settled_rows(&stack).await;
    let refused = fixtures.check_refusals(&stack, 0..CALLERS.len()).await;
    assert!(refused >= 100, "{refused}");
    let after = settled_rows(&stack).await;
    let changed: Vec<_> = before.symmetric_difference(&after).collect();
    assert!(changed.is_empty(), "{changed:?}");
    for route in &wanting(Credential::ApiKey) {
        for (caller, wanted) in statuses(route).filter(|(_, wanted)| *wanted < 400) {
            fixtures.check(&stack, route, caller, wanted).await;
        }
    }
}

/// All domains keep their idempotency keys in one table, and only requests write to it. The handlers refuse some requests of
/// the other callers after the claim, and the record of a freed claim stays.
#[tokio::test]
async fn a_channel_without_the_role_leaves_no_idempotency_key() {
    let stack = Stack::whole().await;
    let fixtures = Fixtures::of(&stack).await;
    let keys = stack.count("idempotency").await;
    let refused = fixtures.check_refusals(&stack, ROLES.start..CALLERS.len()).await;
    assert!(refused >= 80, "{refused}");
    assert_eq!(stack.count("idempotency").await, keys);
}

#[tokio::test]
async fn a_case_of_another_dealer_looks_like_one_that_does_not_exist() {
    let stack = Stack::shared(&[Bqs]).await;
    let fixtures = Fixtures::of(&stack).await;
    let stranger = CALLERS.iter().position(|caller| *caller == "stranger").unwrap();
    let stranger = &fixtures.callers[stranger];
    let nowhere = Caller {
        key: stranger.key.clone(),
        case: i64::from(i32::MAX),
    };
    let comparable = |got: &HubResponse| {
        let mut body = got.json();
        body["traceId"] = Value::Null;
        (got.status, got.header("content-type").map(str::to_owned), body)
    };
    let routes = wanting(Credential::ApiKey);
    for route in routes.iter().filter(|route| route.path.contains("{sequence}")) {
        let theirs = fixtures.send(&stack, route, stranger).await;
        let none = fixtures.send(&stack, route, &nowhere).await;
        assert_eq!(comparable(&theirs), comparable(&none), "{}", route.name());
        assert_eq!(theirs.status, 404);
    }
}
