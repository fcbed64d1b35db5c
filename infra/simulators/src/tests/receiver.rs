//! A subscriber's endpoint: it verifies signatures, lists what arrived, and answers as its script says.

use serde_json::{Value, json};

use super::{Reply, Simulators, WEBHOOK_SECRET};

const EVENT: &str = r#"{"id":"evt_1","type":"quote.generated","timestamp":"2026-01-05T10:20:00Z","data":{}}"#;

/// Sets a receiver up with the response that creates a subscription, as far as the receiver reads it.
fn set_up(simulators: &Simulators) -> Reply {
    let subscription = json!({ "id": "sub_1", "url": "http://127.0.0.1/", "eventTypes": [], "secret": WEBHOOK_SECRET });
    let created = json!({ "success": true, "data": subscription, "message": "Subscription created" });
    simulators.request("PUT", "/_control/receivers/mine", &[], Some(&created.to_string()))
}

/// Sends an event through `/_control/webhooks`.
fn send(simulators: &Simulators, more: Value) -> Value {
    let url = format!("http://{}/_receiver/mine", simulators.address);
    let mut request = json!({ "url": url, "funder": "lex", "id": "evt_1", "secret": WEBHOOK_SECRET, "body": EVENT });
    request
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let sent = simulators.request("POST", "/_control/webhooks", &[], Some(&request.to_string()));
    sent.json()["deliveries"][0].clone()
}

fn received(simulators: &Simulators) -> Vec<Value> {
    let shown = simulators.control("receivers/mine");
    shown["received"].as_array().unwrap().clone()
}

#[test]
fn an_event_is_verified_and_listed_with_its_answer() {
    let simulators = Simulators::start();
    assert_eq!(set_up(&simulators).json(), json!({ "path": "/_receiver/mine" }));
    assert_eq!(send(&simulators, json!({}))["status"], 204);
    let [event] = &received(&simulators)[..] else {
        panic!("one event")
    };
    assert_eq!(
        (&event["id"], &event["attempt"], &event["status"], &event["problem"]),
        (&json!("evt_1"), &json!(1), &json!(204), &Value::Null)
    );
    assert_eq!(event["body"], serde_json::from_str::<Value>(EVENT).unwrap());
}

#[test]
fn a_wrong_signature_is_refused_and_listed_with_the_reason() {
    let simulators = Simulators::start();
    set_up(&simulators);
    for (more, reason) in [
        (json!({ "wrongSignature": true }), "webhook-signature does not match"),
        (
            json!({ "age": 301 }),
            "webhook-timestamp is more than five minutes from now",
        ),
    ] {
        assert_eq!(send(&simulators, more)["status"], 401, "{reason}");
        let events = received(&simulators);
        let event = events.last().unwrap();
        assert_eq!((&event["status"], &event["problem"]), (&json!(401), &json!(reason)));
    }
}

#[test]
fn it_fails_as_its_script_says_and_counts_the_attempts_of_each_event() {
    let simulators = Simulators::start();
    set_up(&simulators);
    let script = json!([{ "status": 503 }, { "reset": true }]).to_string();
    let scripted = simulators.request("PUT", "/_control/receivers/mine/script", &[], Some(&script));
    assert_eq!(scripted.json(), json!({ "scripted": 2 }));
    assert_eq!(send(&simulators, json!({}))["status"], 503);
    assert!(send(&simulators, json!({}))["error"].is_string());
    assert_eq!(send(&simulators, json!({}))["status"], 204);
    assert_eq!(send(&simulators, json!({ "id": "evt_2" }))["status"], 204);
    let events = received(&simulators);
    let seen: Vec<_> = events
        .iter()
        .map(|event| (&event["id"], &event["attempt"], &event["status"]))
        .collect();
    let (one, two) = (json!("evt_1"), json!("evt_2"));
    assert_eq!(
        seen,
        [
            (&one, &json!(1), &json!(503)),
            (&one, &json!(2), &Value::Null),
            (&one, &json!(3), &json!(204)),
            (&two, &json!(1), &json!(204)),
        ]
    );
}

#[test]
fn a_receiver_needs_a_secret_and_a_name_that_is_set_up() {
    let simulators = Simulators::start();
    let put = |path: &str, body: &str| simulators.request("PUT", path, &[], Some(body));
    for body in ["{}", r#"{"data": {}}"#, r#"{"data": {"secret": "plain"}}"#] {
        assert_eq!(put("/_control/receivers/mine", body).status, 400, "{body}");
    }
    assert_eq!(send(&simulators, json!({}))["status"], 404);
    assert_eq!(put("/_control/receivers/mine/script", "[]").status, 404);
    set_up(&simulators);
    assert_eq!(put("/_control/receivers/mine/script", "{}").status, 400);
    let delete = || {
        simulators
            .request("DELETE", "/_control/receivers/mine", &[], None)
            .status
    };
    assert_eq!((delete(), delete()), (200, 404));
}
