//! Who may do what with the case API: every route for every kind of channel, and what is refused changes nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::channel::ADMIN;
use crate::stack::{Got, Stack};
use crate::surface::{Credential, Route, wanting};

/// The creator of a case, another channel for the same dealer, one for another dealer; channels that created a case and
/// then were left with one role; and keys that are none, or were one.
const CALLERS: [&str; 11] = [
    "creator",
    "peer",
    "stranger",
    "case.write",
    "case.read",
    "message.read",
    "message.write",
    "document.write",
    "admin",
    "nobody",
    "revoked",
];

/// Those with one role.
const ROLES: std::ops::Range<usize> = 3..9;

/// What each of [`CALLERS`] gets for the creator's case, or for its own where it has one role.
const MATRIX: &[(&str, [u16; 11])] = &[
    (
        "POST /v1/bqs-case/case",
        [201, 201, 403, 201, 403, 403, 403, 403, 403, 401, 401],
    ),
    (
        "GET /v1/bqs-case/case/{sequence}",
        [200, 403, 404, 403, 200, 403, 403, 403, 403, 401, 401],
    ),
    (
        "PUT /v1/bqs-case/case/{sequence}",
        [200, 403, 404, 200, 403, 403, 403, 403, 403, 401, 401],
    ),
    (
        "POST /v1/bqs-case/case/{sequence}/business-consent",
        [202, 403, 404, 202, 403, 403, 403, 403, 403, 401, 401],
    ),
    (
        "POST /v1/bqs-case/case/{sequence}/score-customer",
        [202, 403, 404, 202, 403, 403, 403, 403, 403, 401, 401],
    ),
    (
        "POST /v1/bqs-case/document/{sequence}",
        [201, 403, 404, 403, 403, 403, 403, 201, 403, 401, 401],
    ),
    (
        "POST /v1/bqs-case/document/{sequence}/upload",
        [201, 403, 404, 403, 403, 403, 403, 201, 403, 401, 401],
    ),
    (
        "GET /v1/bqs-case/management",
        [403, 403, 403, 403, 403, 403, 403, 403, 200, 401, 401],
    ),
    (
        "POST /v1/bqs-case/management",
        [403, 403, 403, 403, 403, 403, 403, 403, 201, 401, 401],
    ),
    (
        "GET /v1/bqs-case/management/{channelName}",
        [403, 403, 403, 403, 403, 403, 403, 403, 200, 401, 401],
    ),
    (
        "PUT /v1/bqs-case/management/{channelName}",
        [403, 403, 403, 403, 403, 403, 403, 403, 200, 401, 401],
    ),
    (
        "POST /v1/bqs-case/management/{channelName}/key",
        [403, 403, 403, 403, 403, 403, 403, 403, 201, 401, 401],
    ),
    // Of dealers that are not theirs they see no messages, and not that there are any.
    (
        "GET /v1/bqs-case/message/case",
        [200, 200, 200, 403, 403, 200, 403, 403, 403, 401, 401],
    ),
    (
        "POST /v1/bqs-case/message/case",
        [403, 403, 403, 403, 403, 403, 202, 403, 403, 401, 401],
    ),
];

const DEALER: i64 = 808;
const MANAGEMENT: &str = "/v1/bqs-case/management";
const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\
    Content-Type: application/pdf\r\n\r\n%PDF-1.4\n\r\n--b\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n123\r\n--b--\r\n";

struct Caller {
    key: String,
    /// The case that it asks for.
    case: i64,
}

/// A case, everybody who may ask for it, and a channel to be managed.
struct House {
    stack: Stack,
    callers: Vec<Caller>,
    managed: String,
}

fn permissions(name: &str, roles: &[&str]) -> String {
    json!({
        "channelName": name, "roles": roles, "allowedDealerCodes": [DEALER],
        "allowedBrandCodes": [1, 4, 10], "allowedAgreements": [2700, 3600, 3700],
    })
    .to_string()
}

impl House {
    async fn furnished() -> Self {
        let stack = Stack::begin().await;
        let admin = stack.sample_key(ADMIN);
        let dealer = ["case.write", "case.read", "message.read", "document.write"];
        let creator = stack.channel(&dealer, &[DEALER]).await.key;
        let case = stack.case(&creator, DEALER).await;
        let mut callers = vec![creator];
        callers.push(stack.channel(&dealer, &[DEALER]).await.key);
        callers.push(stack.channel(&dealer, &[1]).await.key);
        let mut callers: Vec<Caller> = callers.into_iter().map(|key| Caller { key, case }).collect();
        for role in &CALLERS[ROLES] {
            let channel = stack.channel(&dealer, &[DEALER]).await;
            let case = stack.case(&channel.key, DEALER).await;
            let path = format!("{MANAGEMENT}/{}", channel.name);
            let body = permissions(&channel.name, &[role]);
            let left = stack.ask(Method::PUT, &path, &admin, Some(&body)).await;
            assert_eq!(left.status, 200, "{}", left.text);
            let key = channel.key;
            callers.push(Caller { key, case });
        }
        let revoked = stack.channel(&CALLERS[ROLES], &[DEALER]).await;
        let path = format!("{MANAGEMENT}/{}/key", revoked.name);
        assert_eq!(stack.ask(Method::POST, &path, &admin, None).await.status, 201);
        for key in [String::new(), revoked.key] {
            callers.push(Caller { key, case });
        }
        let managed = stack.channel(&[], &[]).await.name;
        Self {
            stack,
            callers,
            managed,
        }
    }

    async fn ask(&self, route: &Route, Caller { key, case }: &Caller) -> Got {
        let sequence = case.to_string();
        let mut path = route.with(&[("sequence", sequence.as_str()), ("channelName", self.managed.as_str())]);
        if route.name() == "GET /v1/bqs-case/message/case" {
            path.push_str(&format!("?pre_view_case_id={sequence}"));
        }
        let body = match route.name().as_str() {
            "POST /v1/bqs-case/document/{sequence}" => {
                let headers = [
                    ("x-api-key", key.as_str()),
                    ("content-type", "multipart/form-data; boundary=b"),
                ];
                return self.stack.send(Method::POST, &path, "", Some(FORM), &headers).await;
            }
            "POST /v1/bqs-case/document/{sequence}/upload" => {
                Some(r#"{"code":"123","contentType":"application/pdf","size":1000}"#.to_owned())
            }
            "POST /v1/bqs-case/management" => Some(permissions(&format!("test-{}", uuid::Uuid::new_v4()), &[])),
            "PUT /v1/bqs-case/management/{channelName}" => Some(permissions(&self.managed, &["case.read"])),
            _ => route.body().map(str::to_owned),
        };
        self.stack.ask(route.method.clone(), &path, key, body.as_deref()).await
    }

    async fn check(&self, route: &Route, caller: usize, wanted: u16) {
        let got = self.ask(route, &self.callers[caller]).await;
        let who = CALLERS[caller];
        assert_eq!(got.status, wanted, "{} as {who}: {}", route.name(), got.text);
        if wanted >= 400 {
            assert_eq!(got.json()["status"], wanted, "{}", got.text);
        }
    }

    /// All that the domain has kept.
    async fn kept(&self) -> BTreeSet<String> {
        let rows = self.stack.all("cases").await;
        let keys = self.stack.count("idempotency").await;
        let rows = rows.iter().map(Value::to_string);
        rows.chain([format!("{keys} idempotency keys")]).collect()
    }

    /// The same once nothing goes on behind the requests any more.
    async fn kept_in_the_end(&self) -> BTreeSet<String> {
        let mut kept = self.kept().await;
        for _ in 0..60 {
            // The forwarder is woken 5 seconds after each change.
            tokio::time::sleep(Duration::from_secs(8)).await;
            let now = self.kept().await;
            if now == kept {
                return kept;
            }
            kept = now;
        }
        panic!("the stack does not come to rest")
    }
}

#[test]
fn the_matrix_has_every_route_of_channels() {
    let listed: BTreeSet<String> = MATRIX.iter().map(|(name, _)| (*name).to_owned()).collect();
    let routes: BTreeSet<String> = wanting(Credential::ApiKey).iter().map(Route::name).collect();
    assert_eq!(listed, routes);
    let roles = bqs::channel::Role::ALL.map(bqs::channel::Role::name);
    assert_eq!(CALLERS[ROLES], roles);
}

#[tokio::test]
async fn channels_may_do_what_they_may_and_nothing_else() {
    let house = House::furnished().await;
    let routes = wanting(Credential::ApiKey);
    let row = |route: &Route| MATRIX.iter().find(|(name, _)| *name == route.name()).unwrap().1;
    let before = house.kept_in_the_end().await;
    let mut refused = 0;
    for route in &routes {
        for (caller, wanted) in row(route).into_iter().enumerate().filter(|(_, wanted)| *wanted >= 400) {
            house.check(route, caller, wanted).await;
            refused += 1;
        }
    }
    assert!(refused >= 100, "{refused}");
    let after = house.kept().await;
    let changed: Vec<_> = before.symmetric_difference(&after).collect();
    assert!(changed.is_empty(), "{changed:?}");
    for route in &routes {
        for (caller, wanted) in row(route).into_iter().enumerate().filter(|(_, wanted)| *wanted < 400) {
            house.check(route, caller, wanted).await;
        }
    }
}

#[tokio::test]
async fn somebody_elses_case_is_as_absent_as_one_that_is_not_there() {
    let house = House::furnished().await;
    let stranger = CALLERS.iter().position(|caller| *caller == "stranger").unwrap();
    let stranger = &house.callers[stranger];
    let nowhere = Caller {
        key: stranger.key.clone(),
        case: i64::from(i32::MAX),
    };
    let said = |got: &Got| {
        let mut body = got.json();
        body["traceId"] = Value::Null;
        (got.status, got.header("content-type").map(str::to_owned), body)
    };
    let routes = wanting(Credential::ApiKey);
    for route in routes.iter().filter(|route| route.path.contains("{sequence}")) {
        let (theirs, none) = (house.ask(route, stranger).await, house.ask(route, &nowhere).await);
        assert_eq!(said(&theirs), said(&none), "{}", route.name());
        assert_eq!(theirs.status, 404);
    }
}
