//! Who may manage channels, what becomes of them, and that somebody always may.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use futures_util::future::join_all;
use runtime::http;
use serde_json::{Value, json};

use super::{create, get, rotate, update};
use crate::channel::Role;
use crate::house::{Ask, Got, House};

const CREATE: &str = include_str!("../../fixtures/management-create.json");

fn wanted(name: &str, roles: &[&str]) -> Value {
    json!({
        "channelName": name, "roles": roles,
        "allowedDealerCodes": [921, 789], "allowedBrandCodes": [4], "allowedAgreements": [],
    })
}

/// An admin's work, and what it is done to.
struct Office {
    house: House,
    admin: String,
}

impl Office {
    async fn open() -> Self {
        Self::of(House::new()).await
    }

    async fn of(house: House) -> Self {
        let admin = house.channel("admin", &[Role::Admin], &[]).await;
        Self { house, admin }
    }

    async fn create(&self, body: &Value) -> Got {
        self.create_as(&self.admin, body).await
    }

    async fn create_as(&self, key: &str, body: &Value) -> Got {
        let ask = Ask::sample(include_str!("../../../../events/bqs-management-create.json"), key).body(body);
        self.send_create(ask).await
    }

    async fn send_create(&self, ask: Ask) -> Got {
        self.house.answer(http(create::create).once(), ask.0).await
    }

    async fn update(&self, body: &Value) -> Got {
        self.send_update(self.updating(&self.admin, body)).await
    }

    fn updating(&self, key: &str, body: &Value) -> Ask {
        let name = body["channelName"].as_str().unwrap_or("dealer");
        Ask::sample(include_str!("../../../../events/bqs-management-update.json"), key)
            .body(body)
            .path("channelName", name)
    }

    async fn send_update(&self, ask: Ask) -> Got {
        self.house.answer(http(update::update), ask.0).await
    }

    fn rotating(&self, key: &str, name: &str) -> Ask {
        let ask = Ask::sample(include_str!("../../../../events/bqs-management-rotate.json"), key);
        ask.path("channelName", name)
    }

    async fn rotate(&self, key: &str, name: &str) -> Got {
        self.send_rotate(self.rotating(key, name)).await
    }

    async fn send_rotate(&self, ask: Ask) -> Got {
        self.house.answer(http(rotate::rotate).once(), ask.0).await
    }

    async fn get(&self, key: &str, name: Option<&str>) -> Got {
        let mut ask = Ask::sample(include_str!("../../../../events/bqs-management-get.json"), key);
        match name {
            Some(name) => ask = ask.path("channelName", name),
            None => drop(ask.0.path_parameters.remove("channelName")),
        }
        self.house.answer(http(get::get), ask.0).await
    }

    async fn names(&self) -> Vec<String> {
        let all = self.get(&self.admin, None).await.json();
        let names = all.as_array().unwrap().iter();
        names
            .map(|one| one["channelName"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The rows of what was changed in a channel, oldest first.
    fn audited(&self, name: &str) -> Vec<Value> {
        let rows = self.house.world.store.table("cases").into_iter();
        let rows = rows.filter(|row| row["pk"].as_s().unwrap() == &format!("AUDIT#{name}"));
        rows.map(|row| runtime::store::typed(row).unwrap()).collect()
    }
}

fn key(got: &Got) -> String {
    assert_eq!(got.status, 201, "{}", got.text);
    got.json()["apiKey"].as_str().unwrap().to_owned()
}

fn paths(got: &Got) -> Vec<String> {
    assert_eq!(got.status, 400, "{}", got.text);
    got.json()["errors"].as_object().unwrap().keys().cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn a_key_is_shown_once() {
    let office = Office::open().await;
    let sample: Value = serde_json::from_str(CREATE).unwrap();
    let ask = || {
        let event = include_str!("../../../../events/bqs-management-create.json");
        Ask::sample(event, &office.admin)
            .body(&sample)
            .header("idempotency-key", "one")
    };
    let made = office.send_create(ask()).await;
    let secret = key(&made);
    assert_eq!(
        made.headers["location"],
        "/v1/bqs-case/management/vwfs-dk-example-public"
    );
    assert_eq!(made.headers["etag"], "\"1\"");
    assert_eq!(made.json()["roles"], sample["roles"]);
    assert_eq!(made.json()["allowedDealerCodes"], json!([114, 737, 755, 789, 921]));
    let again = office.send_create(ask()).await;
    assert_eq!(
        (again.status, &again.headers["idempotent-replayed"]),
        (201, &"true".parse().unwrap())
    );
    let read = office.get(&office.admin, Some("vwfs-dk-example-public")).await;
    let tables = ["cases", "keys"].map(|table| format!("{:?}", office.house.world.store.table(table)));
    let random = secret.rsplit_once('.').unwrap().1;
    for text in [&again.text, &read.text, &tables[0], &tables[1]] {
        assert!(!text.contains(random) && !text.contains("apiKey"), "{text}");
    }
    assert_eq!(
        office.get(&secret, None).await.status,
        403,
        "it is good, and no admin's"
    );
}

#[tokio::test(start_paused = true)]
async fn only_admins_manage() {
    let office = Office::open().await;
    let mut callers = vec![(String::new(), 401), ("admin.nonsense".to_owned(), 401)];
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Admin) {
        callers.push((office.house.channel(role.name(), &[role], &[921]).await, 403));
    }
    let before = office.house.world.store.table("cases").len();
    for (key, status) in callers {
        let wanted = wanted("case.read", &["admin"]);
        assert_eq!(
            office.create_as(&key, &self::wanted("new", &["admin"])).await.status,
            status
        );
        assert_eq!(office.send_update(office.updating(&key, &wanted)).await.status, status);
        assert_eq!(office.rotate(&key, "case.read").await.status, status);
        for name in [None, Some("case.read"), Some("nobody")] {
            assert_eq!(office.get(&key, name).await.status, status);
        }
    }
    assert_eq!(office.house.world.store.table("cases").len(), before);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_channel_is_refused_by_path() {
    let office = Office::open().await;
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
        let got = office.create(&body).await;
        assert!(paths(&got).contains(&path.to_owned()), "{path}: {}", got.text);
    }
    assert_eq!(office.names().await, ["admin"]);
    assert_eq!(office.create(&wanted("admin", &["admin"])).await.status, 409);
}

#[tokio::test(start_paused = true)]
async fn an_update_replaces_everything_and_is_kept_in_mind() {
    let office = Office::open().await;
    let dealer = key(&office.create(&wanted("dealer", &["Case.Read", "ADMIN"])).await);
    assert_eq!(office.get(&dealer, None).await.status, 200);
    let body = json!({
        "channelName": "dealer", "roles": ["Message.Read"],
        "allowedDealerCodes": [], "allowedBrandCodes": ["11"], "allowedAgreements": [3600],
    });
    let got = office.update(&body).await;
    let after = json!({
        "channelName": "dealer", "roles": ["message.read"],
        "allowedDealerCodes": [], "allowedBrandCodes": [11], "allowedAgreements": [3600],
    });
    assert_eq!(
        (got.status, got.json(), &got.headers["etag"]),
        (200, after.clone(), &"\"2\"".parse().unwrap())
    );
    let read = office.get(&office.admin, Some("dealer")).await;
    assert_eq!(
        (read.json(), &read.headers["etag"]),
        (json!([after]), &"\"2\"".parse().unwrap())
    );
    assert_eq!(office.get(&dealer, None).await.status, 403, "from the next request on");
    let audited = office.audited("dealer");
    assert_eq!(audited.len(), 2);
    assert_eq!(
        (&audited[0]["action"], &audited[0]["before"]),
        (&json!("create"), &Value::Null)
    );
    let last = &audited[1];
    assert_eq!((&last["action"], &last["by"]), (&json!("update"), &json!("admin")));
    assert_eq!(last["at"], "2026-01-05T10:20:00Z");
    assert_eq!(last["before"]["roles"], json!(["case.read", "admin"]));
    assert_eq!(last["after"]["roles"], json!(["message.read"]));
    assert_eq!(office.update(&wanted("nobody", &[])).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_path_and_its_body_mean_one_channel() {
    let office = Office::open().await;
    key(&office.create(&wanted("dealer", &[])).await);
    let ask = office.updating(&office.admin, &wanted("dealer", &["admin"]));
    let got = office.send_update(ask.path("channelName", "other")).await;
    assert_eq!(paths(&got), ["$.channelName"]);
    assert_eq!(office.audited("dealer").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_has_seen_an_older_channel_changes_nothing() {
    let office = Office::open().await;
    key(&office.create(&wanted("dealer", &[])).await);
    let update = async |etag: &str| {
        let ask = office.updating(&office.admin, &wanted("dealer", &["case.read"]));
        office.send_update(ask.header("if-match", etag)).await.status
    };
    assert_eq!(update("\"1\"").await, 200);
    for stale in ["\"1\"", "W/\"2\"", "2", "\"\"", "\"3\""] {
        assert_eq!(update(stale).await, 412, "{stale}");
    }
    assert_eq!(update("\"1\", \"2\"").await, 200);
    assert_eq!(update("*").await, 200);
    key(&office.rotate(&office.admin, "dealer").await);
    assert_eq!(update("\"4\"").await, 412, "a new key is a change too");
}

#[tokio::test(start_paused = true)]
async fn a_new_key_ends_the_old_one() {
    let office = Office::open().await;
    let old = key(&office.create(&wanted("dealer", &["admin"])).await);
    let new = key(&office.rotate(&office.admin, "dealer").await);
    assert_eq!(office.get(&old, None).await.status, 401);
    assert_eq!(office.get(&new, None).await.status, 200);
    let own = key(&office.rotate(&new, "dealer").await);
    assert_eq!(
        (office.get(&new, None).await.status, office.get(&own, None).await.status),
        (401, 200)
    );
    assert_eq!(office.audited("dealer")[2]["by"], "dealer");
    for nobody in ["nobody", "a#b", &"x".repeat(3000)] {
        assert_eq!(office.rotate(&office.admin, nobody).await.status, 404);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_made_once_under_an_idempotency_key_and_channel() {
    let office = Office::open().await;
    for name in ["one", "two"] {
        key(&office.create(&wanted(name, &[])).await);
        let ask = || office.rotating(&office.admin, name).header("idempotency-key", "same");
        let new = key(&office.send_rotate(ask()).await);
        let again = office.send_rotate(ask()).await;
        assert_eq!((again.status, again.json()["apiKey"].is_null()), (201, true));
        assert_eq!(office.get(&new, None).await.status, 403, "the first is still good");
        assert_eq!(office.audited(name).len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn every_channel_is_listed_by_name() {
    let office = Office::open().await;
    for name in ["b", "a-b", "a", "a.c", "B"] {
        key(&office.create(&wanted(name, &[])).await);
    }
    assert_eq!(office.names().await, ["B", "a", "a-b", "a.c", "admin", "b"]);
    for nobody in ["nobody", "A", "", "a#b"] {
        let got = office.get(&office.admin, Some(nobody)).await;
        assert_eq!((got.status, got.json()), (200, json!([])), "{nobody}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_admin_stays() {
    let office = Office::open().await;
    let body = wanted("admin", &["case.read"]);
    let got = office.update(&body).await;
    assert_eq!((got.status, &got.json()["code"]), (409, &json!("conflict")));
    let other = key(&office.create(&wanted("other", &["admin"])).await);
    assert_eq!(office.update(&body).await.status, 200);
    assert_eq!(office.get(&office.admin, None).await.status, 403);
    let last = office.updating(&other, &wanted("other", &[]));
    assert_eq!(office.send_update(last).await.status, 409);
}

#[tokio::test(start_paused = true)]
async fn of_admins_who_remove_each_other_one_is_left() {
    for seed in 0..200 {
        let office = Office::of(House::slow(seed)).await;
        let other = key(&office.create(&wanted("other", &["admin"])).await);
        let remove = async |key: &str, name: &str| {
            let ask = office.updating(key, &wanted(name, &[]));
            office.send_update(ask).await.status
        };
        let (one, two) = tokio::join!(remove(&office.admin, "other"), remove(&other, "admin"));
        let left = [&office.admin, &other].map(|key| office.get(key, None));
        let left = join_all(left).await.iter().filter(|got| got.status == 200).count();
        assert_eq!(left, 1, "{one} {two}");
        let allowed = matches!((one, two), (200, 403 | 409) | (403 | 409, 200));
        assert!(allowed, "{seed}: {one} {two}");
        let (own, theirs) = (remove(&office.admin, "admin").await, remove(&other, "other").await);
        assert!(matches!((own, theirs), (409, 403) | (403, 409)), "{own} {theirs}");
    }
}

#[tokio::test(start_paused = true)]
async fn admins_who_leave_at_once_leave_one_behind() {
    for seed in 0..200 {
        let office = Office::of(House::slow(seed)).await;
        let other = key(&office.create(&wanted("other", &["admin"])).await);
        let leave = async |key: &str, name: &str| {
            let ask = office.updating(key, &wanted(name, &[]));
            office.send_update(ask).await.status
        };
        let left = tokio::join!(leave(&office.admin, "admin"), leave(&other, "other"));
        assert!(matches!(left, (200, 409) | (409, 200)), "{seed}: {left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_who_make_one_channel_one_does() {
    for seed in 0..50 {
        let office = Office::of(House::slow(seed)).await;
        let body = wanted("new", &["case.read"]);
        let made = tokio::join!(office.create(&body), office.create(&body));
        let mut statuses = [made.0.status, made.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
        assert_eq!(office.audited("new").len(), 1);
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
        let event: ApiGatewayV2httpRequest = serde_json::from_str(event).unwrap();
        let mut body: Value = serde_json::from_str(&event.body.unwrap()).unwrap();
        let fixture: Value = serde_json::from_str(fixture).unwrap();
        body["channelName"] = fixture["channelName"].clone();
        assert_eq!(body, fixture);
    }
}
