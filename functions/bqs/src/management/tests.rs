//! Who may manage channels, what becomes of them, and that an admin always remains.

use std::future::IntoFuture;

use futures_util::future::join_all;
use runtime::port::store;
use runtime::testing::{Harness, TestRequest, TestResponse};
use serde_json::{Value, json};

use crate::Env;
use crate::channel::Role;
use crate::testing::{channel, harness, slow_harness};

const CREATE: &str = include_str!("../../fixtures/management-create.json");
const CHANNELS: &str = "/v1/bqs-case/management";

fn wanted(name: &str, roles: &[&str]) -> Value {
    json!({
        "channelName": name, "roles": roles,
        "allowedDealerCodes": [921, 789], "allowedBrandCodes": [4], "allowedAgreements": [],
    })
}

/// An admin's requests to this harness.
async fn admin_of(hub: Harness<Env>) -> Harness<Env> {
    let key = channel(&hub, "admin", &[Role::Admin], &[]).await;
    hub.as_channel(&key)
}

async fn create(admin: &Harness<Env>, body: &Value) -> TestResponse {
    admin.post(CHANNELS, body).await
}

/// An update of the channel that the body names.
fn update<'a>(admin: &'a Harness<Env>, body: &Value) -> TestRequest<'a> {
    let name = body["channelName"].as_str().unwrap();
    admin.put(&format!("{CHANNELS}/x"), body).path("channelName", name)
}

fn rotate<'a>(admin: &'a Harness<Env>, name: &str) -> TestRequest<'a> {
    let path = format!("{CHANNELS}/x/key");
    admin.request(http::Method::POST, &path).path("channelName", name)
}

fn get<'a>(admin: &'a Harness<Env>, name: &str) -> TestRequest<'a> {
    admin.get(&format!("{CHANNELS}/x")).path("channelName", name)
}

async fn names(admin: &Harness<Env>) -> Vec<String> {
    let all = admin.get(CHANNELS).await.json();
    let names = all.as_array().unwrap().iter();
    names
        .map(|one| one["channelName"].as_str().unwrap().to_owned())
        .collect()
}

/// The audit rows of a channel, oldest first.
fn audited(hub: &Harness<Env>, name: &str) -> Vec<Value> {
    let rows = hub.fakes.store.table("channels").into_iter();
    let rows = rows.filter(|row| row["pk"].as_s().unwrap() == &format!("AUDIT#{name}"));
    rows.map(|row| store::typed(row).unwrap()).collect()
}

fn key(got: &TestResponse) -> String {
    assert_eq!(got.status, 201, "{}", got.text);
    got.json()["apiKey"].as_str().unwrap().to_owned()
}

fn paths(got: &TestResponse) -> Vec<String> {
    assert_eq!(got.status, 400, "{}", got.text);
    got.json()["errors"].as_object().unwrap().keys().cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn a_key_is_shown_once() {
    let admin = admin_of(harness()).await;
    let sample: Value = serde_json::from_str(CREATE).unwrap();
    let made = admin.post(CHANNELS, &sample).key("one").await;
    let secret = key(&made);
    assert_eq!(
        made.location().as_deref(),
        Some("/v1/bqs-case/management/vwfs-dk-example-public")
    );
    assert_eq!(made.headers["etag"], "\"1\"");
    assert_eq!(made.json()["roles"], sample["roles"]);
    assert_eq!(made.json()["allowedDealerCodes"], sample["allowedDealerCodes"]);
    let again = admin.post(CHANNELS, &sample).key("one").await;
    assert_eq!(
        (again.status, &again.headers["idempotent-replayed"]),
        (201, &"true".parse().unwrap())
    );
    let read = get(&admin, "vwfs-dk-example-public").await;
    let tables = ["channels", "keys"].map(|table| format!("{:?}", admin.fakes.store.table(table)));
    let random = secret.rsplit_once('.').unwrap().1;
    for text in [&again.text, &read.text, &tables[0], &tables[1]] {
        assert!(!text.contains(random) && !text.contains("apiKey"), "{text}");
    }
    let made = admin.as_channel(&secret).get(CHANNELS).await;
    assert_eq!(made.status, 403, "the key works, but it is not an admin's");
}

#[tokio::test(start_paused = true)]
async fn roles_and_codes_come_back_in_the_order_in_which_they_were_sent() {
    let admin = admin_of(harness()).await;
    let mut wanted: Value = serde_json::from_str(CREATE).unwrap();
    wanted["roles"] = json!(["message.read", "case.read", "case.write", "case.read"]);
    wanted["allowedDealerCodes"] = json!([921, 114, 789, 921]);
    wanted["allowedBrandCodes"] = json!([11, 4]);
    wanted["allowedAgreements"] = json!([3701, 2700, 3600]);
    let made = admin.post(CHANNELS, &wanted).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let read = get(&admin, "vwfs-dk-example-public").await;
    let updated = admin.put(&format!("{CHANNELS}/vwfs-dk-example-public"), &wanted).await;
    for shown in [made.json(), read.json()[0].clone(), updated.json()] {
        assert_eq!(shown["roles"], json!(["message.read", "case.read", "case.write"]));
        assert_eq!(shown["allowedDealerCodes"], json!([921, 114, 789]));
        assert_eq!(shown["allowedBrandCodes"], json!([11, 4]));
        assert_eq!(shown["allowedAgreements"], json!([3701, 2700, 3600]));
    }
}

#[tokio::test(start_paused = true)]
async fn only_admins_manage() {
    let admin = admin_of(harness()).await;
    let mut callers = vec![(String::new(), 401), ("admin.nonsense".to_owned(), 401)];
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Admin) {
        callers.push((channel(&admin, role.name(), &[role], &[921]).await, 403));
    }
    let before = admin.fakes.store.table("channels").len();
    for (key, status) in callers {
        let caller = if key.is_empty() {
            admin.anonymous()
        } else {
            admin.as_channel(&key)
        };
        assert_eq!(create(&caller, &wanted("new", &["admin"])).await.status, status);
        assert_eq!(update(&caller, &wanted("case.read", &["admin"])).await.status, status);
        assert_eq!(rotate(&caller, "case.read").await.status, status);
        assert_eq!(caller.get(CHANNELS).await.status, status);
        for name in ["case.read", "absent"] {
            assert_eq!(get(&caller, name).await.status, status);
        }
    }
    assert_eq!(admin.fakes.store.table("channels").len(), before);
}

#[tokio::test(start_paused = true)]
async fn invalid_channels_are_refused_by_path() {
    let admin = admin_of(harness()).await;
    let with = |member: &str, value: Value| {
        let mut body = wanted("new", &[]);
        body[member] = value;
        body
    };
    let without = |member: &str| {
        let mut body = wanted("new", &[]);
        body.as_object_mut().unwrap().remove(member);
        body
    };
    let cases = [
        (without("channelName"), "$.channelName"),
        (without("roles"), "$.roles"),
        (without("allowedDealerCodes"), "$.allowedDealerCodes"),
        (without("allowedBrandCodes"), "$.allowedBrandCodes"),
        (without("allowedAgreements"), "$.allowedAgreements"),
        (with("allowedAgreements", Value::Null), "$.allowedAgreements"),
        (with("allowedBrandCodes", json!([4, "x"])), "$.allowedBrandCodes[1]"),
        (with("allowedDealerCodes", json!(vec![1; 5001])), "$.allowedDealerCodes"),
        (with("roles", json!(["admin", "root"])), "$.roles[1]"),
        (with("roles", json!("admin")), "$.roles"),
        (with("channelName", json!("")), "$.channelName"),
        (with("channelName", json!("x".repeat(65))), "$.channelName"),
        (with("channelName", json!("a#b")), "$.channelName"),
        (with("channelName", json!(".a")), "$.channelName"),
        (with("Roles", json!([])), "$.roles"),
    ];
    for (body, path) in cases {
        let got = create(&admin, &body).await;
        assert!(paths(&got).contains(&path.to_owned()), "{path}: {}", got.text);
    }
    assert_eq!(names(&admin).await, ["admin"]);
    assert_eq!(create(&admin, &wanted("admin", &["admin"])).await.status, 409);
}

#[tokio::test(start_paused = true)]
async fn an_update_replaces_everything_and_is_audited() {
    let admin = admin_of(harness()).await;
    let dealer = key(&create(&admin, &wanted("dealer", &["Case.Read", "ADMIN"])).await);
    let dealer = admin.as_channel(&dealer);
    assert_eq!(dealer.get(CHANNELS).await.status, 200);
    let body = json!({
        "channelName": "dealer", "roles": ["Message.Read"],
        "allowedDealerCodes": [], "allowedBrandCodes": ["11"], "allowedAgreements": [3600],
    });
    let got = update(&admin, &body).await;
    let after = json!({
        "channelName": "dealer", "roles": ["message.read"],
        "allowedDealerCodes": [], "allowedBrandCodes": [11], "allowedAgreements": [3600],
    });
    assert_eq!(
        (got.status, got.json(), &got.headers["etag"]),
        (200, after.clone(), &"\"2\"".parse().unwrap())
    );
    let read = get(&admin, "dealer").await;
    assert_eq!(
        (read.json(), &read.headers["etag"]),
        (json!([after]), &"\"2\"".parse().unwrap())
    );
    assert_eq!(dealer.get(CHANNELS).await.status, 403, "from the next request on");
    let audited = audited(&admin, "dealer");
    assert_eq!(audited.len(), 2);
    assert_eq!(
        (&audited[0]["action"], &audited[0]["before"]),
        (&json!("create"), &Value::Null)
    );
    let last = &audited[1];
    let six_years = 6 * 365 * 24 * 60 * 60;
    assert_eq!(last["ttl"], admin.now().as_second() + six_years);
    assert_eq!((&last["action"], &last["by"]), (&json!("update"), &json!("admin")));
    assert_eq!(last["at"], "2026-01-05T10:20:00Z");
    assert_eq!(last["before"]["roles"], json!(["case.read", "admin"]));
    assert_eq!(last["after"]["roles"], json!(["message.read"]));
    assert_eq!(update(&admin, &wanted("absent", &[])).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_path_and_its_body_mean_one_channel() {
    let admin = admin_of(harness()).await;
    key(&create(&admin, &wanted("dealer", &[])).await);
    let got = update(&admin, &wanted("dealer", &["admin"]))
        .path("channelName", "other")
        .await;
    assert_eq!(paths(&got), ["$.channelName"]);
    assert_eq!(audited(&admin, "dealer").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outdated_etag_changes_nothing() {
    let admin = admin_of(harness()).await;
    key(&create(&admin, &wanted("dealer", &[])).await);
    let matching = async |etag: &str| {
        let request = update(&admin, &wanted("dealer", &["case.read"]));
        request.header("if-match", etag).await.status
    };
    assert_eq!(matching("\"1\"").await, 200);
    for stale in ["\"1\"", "W/\"2\"", "2", "\"\"", "\"3\""] {
        assert_eq!(matching(stale).await, 412, "{stale}");
    }
    assert_eq!(matching("\"1\", \"2\"").await, 200);
    assert_eq!(matching("*").await, 200);
    key(&rotate(&admin, "dealer").await);
    assert_eq!(matching("\"4\"").await, 412, "a new key is a change too");
}

#[tokio::test(start_paused = true)]
async fn a_new_key_ends_the_old_one() {
    let admin = admin_of(harness()).await;
    let old = key(&create(&admin, &wanted("dealer", &["admin"])).await);
    let new = key(&rotate(&admin, "dealer").await);
    let [old, new] = [old, new].map(|key| admin.as_channel(&key));
    assert_eq!(old.get(CHANNELS).await.status, 401);
    assert_eq!(new.get(CHANNELS).await.status, 200);
    let own = admin.as_channel(&key(&rotate(&new, "dealer").await));
    let statuses = (new.get(CHANNELS).await.status, own.get(CHANNELS).await.status);
    assert_eq!(statuses, (401, 200));
    assert_eq!(audited(&admin, "dealer")[2]["by"], "dealer");
    for absent in ["absent", "a#b", &"x".repeat(3000)] {
        assert_eq!(rotate(&admin, absent).await.status, 404);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_made_once_under_an_idempotency_key_and_channel() {
    let admin = admin_of(harness()).await;
    for name in ["one", "two"] {
        key(&create(&admin, &wanted(name, &[])).await);
        let new = admin.as_channel(&key(&rotate(&admin, name).key("same").await));
        let again = rotate(&admin, name).key("same").await;
        assert_eq!((again.status, again.json()["apiKey"].is_null()), (201, true));
        assert_eq!(new.get(CHANNELS).await.status, 403, "the first key still works");
        assert_eq!(audited(&admin, name).len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn every_channel_is_listed_by_name() {
    let admin = admin_of(harness()).await;
    for name in ["b", "a-b", "a", "a.c", "B"] {
        key(&create(&admin, &wanted(name, &[])).await);
    }
    assert_eq!(names(&admin).await, ["B", "a", "a-b", "a.c", "admin", "b"]);
    for absent in ["absent", "A", "", "a#b"] {
        let got = get(&admin, absent).await;
        assert_eq!((got.status, got.json()), (200, json!([])), "{absent}");
    }
}

/// The names of each page, from this query on. Every page but the last has a `Link`.
async fn pages(admin: &Harness<Env>, query: &str) -> Vec<Vec<String>> {
    let (mut pages, mut next) = (Vec::new(), Some(query.to_owned()));
    while let Some(query) = next.take() {
        let got = admin.get(&format!("{CHANNELS}{query}")).await;
        assert_eq!(got.status, 200, "{}", got.text);
        let channels = got.json().as_array().unwrap().clone();
        let name = |one: &Value| one["channelName"].as_str().unwrap().to_owned();
        pages.push(channels.iter().map(name).collect());
        let link = got.headers.get("link").map(|link| link.to_str().unwrap());
        next = link.map(|link| {
            let address = link
                .strip_prefix('<')
                .unwrap()
                .strip_suffix(r#">; rel="next""#)
                .unwrap();
            assert!(address.starts_with("?limit="), "relative: {address}");
            address.to_owned()
        });
    }
    pages
}

#[tokio::test(start_paused = true)]
async fn channels_come_in_pages_of_a_hundred_or_fewer() {
    let admin = admin_of(harness()).await;
    let all = [names(&admin).await, (0..204).map(|n| format!("c{n:03}")).collect()].concat();
    for name in &all[1..] {
        key(&create(&admin, &wanted(name, &[])).await);
    }
    for (query, sizes) in [
        ("", vec![100, 100, 5]),
        ("?limit=41", vec![41; 5]),
        ("?other=1&other=2&limit=100&x", vec![100, 100, 5]),
    ] {
        let pages = pages(&admin, query).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{query}");
        assert_eq!(pages.concat(), all, "{query}");
    }
    for refused in ["limit=0", "limit=101", "limit=x", "limit=", "cursor=x", "cursor=YSNi"] {
        let got = admin.get(&format!("{CHANNELS}?{refused}")).await;
        assert_eq!(paths(&got).len(), 1, "{refused}: {}", got.text);
    }
    let one = get(&admin, "c000").await;
    assert!(one.headers.get("link").is_none());
}

#[tokio::test(start_paused = true)]
async fn the_last_admin_stays() {
    let admin = admin_of(harness()).await;
    let body = wanted("admin", &["case.read"]);
    let got = update(&admin, &body).await;
    assert_eq!((got.status, &got.json()["code"]), (409, &json!("conflict")));
    let other = key(&create(&admin, &wanted("other", &["admin"])).await);
    assert_eq!(update(&admin, &body).await.status, 200);
    assert_eq!(admin.get(CHANNELS).await.status, 403);
    let other = admin.as_channel(&other);
    assert_eq!(update(&other, &wanted("other", &[])).await.status, 409);
}

#[tokio::test(start_paused = true)]
async fn one_admin_remains_when_two_remove_each_other() {
    for seed in 0..200 {
        let admin = admin_of(slow_harness(seed)).await;
        let other = key(&create(&admin, &wanted("other", &["admin"])).await);
        let other = admin.as_channel(&other);
        let remove = async |remover: &Harness<Env>, name: &str| update(remover, &wanted(name, &[])).await.status;
        let (one, two) = tokio::join!(remove(&admin, "other"), remove(&other, "admin"));
        let left = [&admin, &other].map(|admin| admin.get(CHANNELS).into_future());
        let left = join_all(left).await.iter().filter(|got| got.status == 200).count();
        assert_eq!(left, 1, "{one} {two}");
        let allowed = matches!((one, two), (200, 403 | 409) | (403 | 409, 200));
        assert!(allowed, "{seed}: {one} {two}");
        let (own, theirs) = (remove(&admin, "admin").await, remove(&other, "other").await);
        assert!(matches!((own, theirs), (409, 403) | (403, 409)), "{own} {theirs}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_admin_remains_when_two_leave_at_once() {
    for seed in 0..200 {
        let admin = admin_of(slow_harness(seed)).await;
        let other = key(&create(&admin, &wanted("other", &["admin"])).await);
        let other = admin.as_channel(&other);
        let leave = async |leaver: &Harness<Env>, name: &str| update(leaver, &wanted(name, &[])).await.status;
        let left = tokio::join!(leave(&admin, "admin"), leave(&other, "other"));
        assert!(matches!(left, (200, 409) | (409, 200)), "{seed}: {left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_of_two_concurrent_creations_succeeds() {
    for seed in 0..50 {
        let admin = admin_of(slow_harness(seed)).await;
        let body = wanted("new", &["case.read"]);
        let made = tokio::join!(create(&admin, &body), create(&admin, &body));
        let mut statuses = [made.0.status, made.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
        assert_eq!(audited(&admin, "new").len(), 1);
    }
}

#[test]
fn the_samples_are_what_the_spec_shows() {
    for (event, fixture) in [
        (include_str!("../../../../events/bqs-management-create.json"), CREATE),
        (
            include_str!("../../../../events/bqs-management-update.json"),
            include_str!("../../fixtures/management-update.json"),
        ),
    ] {
        let event: Value = serde_json::from_str(event).unwrap();
        let mut body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
        let fixture: Value = serde_json::from_str(fixture).unwrap();
        body["channelName"] = fixture["channelName"].clone();
        assert_eq!(body, fixture);
    }
}
