//! Who may subscribe, to what, where; and where the secret is seen.

use serde_json::json;

use crate::house::{Ask, House, create};

const URL: &str = "https://hooks.example.com/in";

fn list() -> Ask {
    Ask::sample(include_str!("../../../../events/operations-subscription-list.json"))
}

fn delete(id: &str) -> Ask {
    Ask::sample(include_str!("../../../../events/operations-subscription-delete.json")).path("subscriptionId", id)
}

#[tokio::test(start_paused = true)]
async fn the_secret_is_seen_once() {
    let house = House::new();
    let got = house.create(create().key("one")).await;
    assert_eq!(got.status, 201, "{}", got.text);
    let (id, secret) = (got.text("id"), got.text("secret"));
    assert!(secret.starts_with("whsec_") && secret.len() == "whsec_".len() + 44);
    assert_eq!(got.json()["eventTypes"], json!(["quote.generated", "quote.failed"]));
    assert_eq!(got.text("status"), "ACTIVE");
    let again = house.create(create().key("one")).await;
    assert_eq!((again.status, again.text("id")), (201, id.clone()));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let listed = house.subscriptions(list()).await;
    assert_eq!(
        (listed.status, listed.json()["subscriptions"].as_array().unwrap().len()),
        (200, 1)
    );
    let kept = format!("{:?}", house.world.store.table("keys"));
    for text in [&again.text, &listed.text, &kept] {
        assert!(!text.contains("whsec") && !text.contains(&secret[6..]), "{text}");
    }
    assert_eq!(house.delete(delete(&id)).await.status, 204);
    let left = format!("{:?}", house.world.store.table("subscriptions"));
    assert!(!left.contains("whsec"), "it goes with the subscription");
}

#[tokio::test(start_paused = true)]
async fn only_admins() {
    let house = House::new();
    let (id, _) = house.subscribe(URL, &["quote.generated"]).await;
    for (roles, status) in [(None, 401), (Some(&[][..]), 403), (Some(&["staff"][..]), 403)] {
        assert_eq!(house.create(create().roles(roles)).await.status, status);
        assert_eq!(house.subscriptions(list().roles(roles)).await.status, status);
        assert_eq!(house.delete(delete(&id).roles(roles)).await.status, status);
    }
    assert_eq!(house.world.store.table("subscriptions").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_is_not_accepted() {
    let house = House::new();
    for (body, field) in [
        (json!({"eventTypes": ["quote.generated"]}), "url"),
        (json!({"url": URL}), "eventTypes"),
        (json!({"url": URL, "eventTypes": []}), "eventTypes"),
        (
            json!({"url": URL, "eventTypes": vec!["quote.generated"; 33]}),
            "eventTypes",
        ),
        (json!({"url": URL, "eventTypes": ["quote.*"]}), "eventTypes[0]"),
        (json!({"url": URL, "eventTypes": "quote.generated"}), "eventTypes"),
        (
            json!({"url": "http://hooks.example.com/", "eventTypes": ["quote.failed"]}),
            "url",
        ),
        (
            json!({"url": "https://169.254.169.254/", "eventTypes": ["quote.failed"]}),
            "url",
        ),
        (
            json!({"url": "https://127.0.0.1:9001/", "eventTypes": ["quote.failed"]}),
            "url",
        ),
        (
            json!({"url": "https://hooks.example.com:22/", "eventTypes": ["quote.failed"]}),
            "url",
        ),
    ] {
        let got = house.create(create().body(&body)).await;
        assert_eq!(got.status, 422, "{body}: {}", got.text);
        assert_eq!(got.json()["errors"][0]["field"], field, "{body}: {}", got.text);
    }
    assert!(house.world.store.table("subscriptions").is_empty());
    let local = House::with("127.0.0.1");
    local.subscribe("http://127.0.0.1:4010/hook", &["quote.failed"]).await;
}

#[tokio::test(start_paused = true)]
async fn types_are_a_set() {
    let house = House::new();
    let body = json!({"url": URL, "eventTypes": ["quote.failed", "quote.generated", "quote.failed"]});
    let got = house.create(create().body(&body)).await;
    assert_eq!(got.json()["eventTypes"], json!(["quote.generated", "quote.failed"]));
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_is_absent() {
    let house = House::new();
    let (id, _) = house.subscribe(URL, &["quote.generated"]).await;
    assert_eq!(house.delete(delete(&id)).await.status, 204);
    assert_eq!(house.subscriptions(list()).await.json()["subscriptions"], json!([]));
    for absent in [id.as_str(), "0190d5a0-0000-7000-8000-00000000dead", "nonsense"] {
        assert_eq!(house.delete(delete(absent)).await.status, 404, "{absent}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_newest_first_and_complete() {
    let house = House::new();
    let mut made = Vec::new();
    for _ in 0..205 {
        made.insert(0, house.subscribe(URL, &["quote.generated"]).await.0);
        tokio::time::advance(std::time::Duration::from_millis(1)).await;
    }
    let gone = made.remove(104);
    assert_eq!(house.delete(delete(&gone)).await.status, 204);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let got = house.subscriptions(list().query(&format!("limit=100{cursor}"))).await;
        let json = got.json();
        let page = json["subscriptions"].as_array().unwrap();
        seen.extend(page.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        assert_eq!(page.len(), 100);
    }
    assert_eq!(seen, made);
    for query in ["limit=0", "limit=101", "limit=x", "cursor=x"] {
        assert_eq!(house.subscriptions(list().query(query)).await.status, 422, "{query}");
    }
}
