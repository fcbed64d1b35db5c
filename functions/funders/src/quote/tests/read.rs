//! A quote that is read: what was asked for, every member of the spec, and the time of the last change that a caller sees.

use std::time::Duration;

use runtime::testing::{Harness, Script};
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, JANE, JOHN, PROPOSE, SAMPLE, good, harness, priced, with_floats};

/// The members in the spec's sample of a quote.
const OF_SPEC: [&str; 12] = [
    "id",
    "funderName",
    "status",
    "monthlyPayment",
    "totalAmount",
    "apr",
    "balloonPayment",
    "externalQuoteId",
    "externalReference",
    "validUntil",
    "createdAt",
    "updatedAt",
];

/// The quote on each route that shows it.
async fn everywhere(caller: &Harness<Env>, id: &str, email: &str) -> Vec<Value> {
    let mut shown = Vec::new();
    for path in [
        format!("/api/quotes/{id}"),
        format!("/api/integration/quotes/{id}/status"),
    ] {
        let got = caller.get(&path).await;
        assert_eq!(got.status, 200, "{path}: {}", got.text);
        shown.push(got.data());
    }
    for path in [
        "/api/quotes".to_owned(),
        format!("/api/integration/customers/{email}/quotes"),
    ] {
        let got = caller.get(&path).await;
        assert_eq!(got.status, 200, "{path}: {}", got.text);
        let page = got.data();
        let mut page = page.as_array().unwrap().iter();
        shown.extend(page.find(|quote| quote["id"] == id).cloned());
    }
    shown
}

async fn shown(h: &Harness<Env>, id: &str) -> Value {
    h.get(&format!("/api/quotes/{id}")).await.data()
}

/// What was asked for: the sample, with the country that `UK` is read as.
fn asked() -> Value {
    let mut asked: Value = serde_json::from_str(SAMPLE).unwrap();
    asked["customerDetails"]["address"]["country"] = json!("GB");
    with_floats(&asked)
}

#[tokio::test(start_paused = true)]
async fn a_quote_shows_what_was_asked_to_those_who_may_see_it() {
    let h = harness();
    h.fakes.transport.script([], good());
    let id = h.listed_quote("LEX", "john", JOHN).await;
    let asked = asked();
    for caller in [h.as_customer(), h.as_staff()] {
        let views = everywhere(&caller, &id, JOHN).await;
        assert_eq!(views.len(), 4);
        for view in views {
            for member in ["customerDetails", "vehicleDetails", "contractDetails", "source"] {
                assert_eq!(with_floats(&view[member]), asked[member], "{member}");
            }
            assert_eq!(
                (&view["monthlyPayment"], view["apr"].as_f64()),
                (&json!(450.0), Some(4.9))
            );
        }
    }
    let jane = h.as_person("jane", JANE, &[]);
    let theirs = jane.get(&format!("/api/quotes/{id}")).await;
    assert_eq!(theirs.status, 404);
    assert!(!theirs.text.contains("BMW") && jane.get("/api/quotes").await.data() == json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_agent_sees_whom_a_quote_is_for() {
    let h = harness();
    h.fakes.transport.script([], good());
    let agent = h.as_person("agent", "agent@example.com", &["agent"]);
    let made = agent.post(GENERATE, SAMPLE).await;
    let id = made.data()["id"].as_str().unwrap().to_owned();
    let seen = agent.get(&format!("/api/quotes/{id}")).await.data();
    assert_eq!(seen["customerDetails"]["email"], JOHN);
    let other = h.as_person("rival", "rival@example.com", &["agent"]);
    assert_eq!(other.get(&format!("/api/quotes/{id}")).await.status, 404);
}

/// The response to the request is stored under its idempotency key, where nothing of the customer belongs.
#[tokio::test(start_paused = true)]
async fn the_response_to_the_request_keeps_nothing_of_the_customer() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let made = h.post(GENERATE, SAMPLE).key("order-7").await;
    assert_eq!((made.status, &made.data()["customerDetails"]), (201, &Value::Null));
    let kept = format!("{:?}", h.fakes.store.table("keys"));
    assert!(
        kept.contains("monthlyPayment") && !kept.contains("john.doe") && !kept.contains("BMW"),
        "{kept}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_member_of_the_spec_is_null_rather_than_absent() {
    let h = harness();
    let bare = r#"{"quote_id":"Q1","term":36,"initial_payment":0,"monthly_rental":450,"total_rentals":16200}"#;
    for answer in [
        Script::answer(200, bare),
        Script::answer(422, "{}"),
        Script::answer(500, ""),
    ] {
        h.fakes.transport.script([], answer);
        let body = SAMPLE.replace("\"balloonPayment\": 8000,", "");
        assert_ne!(body, SAMPLE);
        h.post(GENERATE, body).await;
    }
    let rows = h.quotes();
    assert_eq!(rows.len(), 3);
    for row in rows {
        let view = shown(&h, &row.id.to_string()).await;
        let members = view.as_object().unwrap();
        for member in OF_SPEC {
            assert!(members.contains_key(member), "{:?} has no {member}", row.status);
        }
        for member in ["apr", "balloonPayment", "externalReference"] {
            assert_eq!(view[member], Value::Null, "{member}");
        }
    }
}

/// Whether the time of a change moves exactly where another member of the view does.
fn assert_in_step(before: &Value, after: &Value, what: &str) {
    let rest = |view: &Value| {
        let mut view = view.clone();
        view["updatedAt"] = Value::Null;
        view
    };
    let (same, still) = (rest(before) == rest(after), before["updatedAt"] == after["updatedAt"]);
    assert_eq!(same, still, "{what}: {before} became {after}");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_last_change_moves_with_what_a_caller_sees() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let id = h.post(GENERATE, SAMPLE).await.data()["id"].as_str().unwrap().to_owned();
    let priced = shown(&h, &id).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    h.first_look().await;
    assert_eq!(h.announced().len(), 1);
    assert_eq!(
        shown(&h, &id).await,
        priced,
        "the follow-up changes nothing that a caller sees"
    );
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(h.post(PROPOSE, json!({"quoteId": id})).await.status, 202);
    let converted = shown(&h, &id).await;
    assert_eq!(converted["status"], "CONVERTED");
    assert_in_step(&priced, &converted, "a proposal");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_in_the_background_changes_nothing_that_a_caller_sees() {
    let h = harness();
    h.fakes.transport.script([], Script::answer(500, ""));
    let id = h.post(GENERATE, SAMPLE).await.data()["id"].as_str().unwrap().to_owned();
    let pending = shown(&h, &id).await;
    h.first_look().await;
    let mut before = pending.clone();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(40)).await;
        let message = h.fakes.queue.take().remove(0);
        assert!(h.retry(&message.body, 1).await);
        let after = shown(&h, &id).await;
        assert_in_step(&before, &after, "an attempt");
        before = after;
    }
    assert_eq!(before, pending);
    tokio::time::advance(Duration::from_secs(40)).await;
    h.fakes.transport.script([], Script::answer(422, "{}"));
    let message = h.fakes.queue.take().remove(0);
    assert!(h.retry(&message.body, 1).await);
    let failed = shown(&h, &id).await;
    assert_eq!(failed["status"], "FAILED");
    assert_eq!(
        failed["updatedAt"],
        json!(model::time::UtcTime(h.now())),
        "the worker has announced the failure too"
    );
}

#[tokio::test(start_paused = true)]
async fn a_quote_changes_at_its_end_and_not_when_the_schedule_looks() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let id = h.post(GENERATE, SAMPLE).await.data()["id"].as_str().unwrap().to_owned();
    h.first_look().await;
    tokio::time::advance(Duration::from_secs(48 * 3600)).await;
    let ended = shown(&h.as_customer(), &id).await;
    assert_eq!(
        (&ended["status"], &ended["updatedAt"]),
        (&json!("EXPIRED"), &ended["validUntil"])
    );
    assert_eq!(h.reconcile().await, Some(true));
    assert_eq!(h.announced().len(), 2);
    assert_eq!(shown(&h.as_customer(), &id).await, ended);
}
