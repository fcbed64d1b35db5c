//! A provider that the hub calls: it verifies signatures, acts once for each message, and counts.

use serde_json::{Value, json};

use super::{Reply, Simulators, WEBHOOK_SECRET, now};

const BODY: &str = r#"{"type":"order.placed","data":{"order":{"id":"po_1","round":1,"input":{}}}}"#;

fn set_up(simulators: &Simulators, more: Value) -> Reply {
    let mut setup = json!({ "secret": WEBHOOK_SECRET });
    setup.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    simulators.request("PUT", "/_control/providers/acme", &[], Some(&setup.to_string()))
}

fn log(simulators: &Simulators) -> Value {
    simulators.control("providers/acme")
}

/// Sends a webhook to the provider through `/_control/webhooks`.
fn send(simulators: &Simulators, more: Value) -> Value {
    let url = format!("http://{}/_provider/acme", simulators.address);
    let mut request = json!({ "url": url, "funder": "lex", "id": "po_1", "secret": WEBHOOK_SECRET, "body": BODY });
    request
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let sent = simulators.request("POST", "/_control/webhooks", &[], Some(&request.to_string()));
    sent.json()["deliveries"][0].clone()
}

#[test]
fn a_message_is_acted_upon_once_and_answered_each_time() {
    let simulators = Simulators::start();
    assert_eq!(
        set_up(&simulators, json!({})).json(),
        json!({ "path": "/_provider/acme" })
    );
    for _ in 0..3 {
        let answered = send(&simulators, json!({}));
        assert_eq!(answered, json!({ "status": 200, "body": r#"{"status":"Succesful"}"# }));
    }
    let again = BODY.replace("\"round\":1", "\"round\":2");
    send(&simulators, json!({ "id": "po_1:2", "body": again }));
    let shown = log(&simulators);
    assert_eq!(shown["deliveries"], json!({ "po_1": 3, "po_1:2": 1 }));
    assert_eq!(shown["effects"], json!({ "po_1": 1, "po_1:2": 1 }));
    send(&simulators, json!({ "id": "po_other" }));
    assert_eq!(
        log(&simulators)["effects"]["po_1"],
        2,
        "the same order under another id is done twice"
    );
    assert_eq!(
        log(&simulators)["received"][0],
        json!({ "id": "po_1", "body": serde_json::from_str::<Value>(BODY).unwrap() })
    );
}

#[test]
fn it_decides_as_it_was_set_up() {
    let simulators = Simulators::start();
    let failed = json!({ "status": "Failed", "output": { "error": "PBX Over capacity" } });
    let more = json!({ "status": "Need_more_info", "requiredFields": ["a"] });
    set_up(
        &simulators,
        json!({ "decision": failed, "decisions": { "po_2": more } }),
    );
    assert_eq!(send(&simulators, json!({}))["body"], failed.to_string());
    let second = BODY.replace("po_1", "po_2");
    assert_eq!(
        send(&simulators, json!({ "id": "po_2", "body": second }))["body"],
        more.to_string()
    );
}

#[test]
fn a_webhook_without_a_valid_signature_is_refused_without_effect() {
    let simulators = Simulators::start();
    assert_eq!(send(&simulators, json!({}))["status"], 404, "no provider has that name");
    set_up(&simulators, json!({}));
    for wrong in [
        json!({ "wrongSignature": true }),
        json!({ "age": 400 }),
        json!({ "age": -400 }),
        json!({ "id": "po_1.2" }),
        json!({ "secret": "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGVzdHM=" }),
    ] {
        assert_eq!(send(&simulators, wrong.clone())["status"], 401, "{wrong}");
    }
    let time = now().to_string();
    let bare = [("webhook-id", "po_1"), ("webhook-timestamp", time.as_str())];
    assert_eq!(
        simulators.request("POST", "/_provider/acme", &bare, Some(BODY)).status,
        401
    );
    let shown = log(&simulators);
    assert_eq!(
        (&shown["refused"], &shown["deliveries"], &shown["effects"]),
        (&json!(6), &json!({}), &json!({}))
    );
}

#[test]
fn it_fails_on_demand_before_or_after_it_has_acted() {
    let simulators = Simulators::start();
    set_up(
        &simulators,
        json!({ "script": [{ "status": 503 }, { "served": true, "status": 502 }, { "served": true, "reset": true }] }),
    );
    assert_eq!(send(&simulators, json!({}))["status"], 503);
    assert_eq!(log(&simulators)["effects"], json!({}));
    assert_eq!(send(&simulators, json!({}))["status"], 502);
    assert_eq!(log(&simulators)["effects"], json!({ "po_1": 1 }));
    assert!(send(&simulators, json!({}))["error"].is_string());
    assert_eq!(send(&simulators, json!({}))["status"], 200);
    assert_eq!(log(&simulators)["effects"], json!({ "po_1": 1 }));
    assert_eq!(log(&simulators)["deliveries"], json!({ "po_1": 4 }));
    simulators.request("DELETE", "/_control/providers/acme", &[], None);
    assert_eq!(
        simulators.request("GET", "/_control/providers/acme", &[], None).status,
        404
    );
    for bad in [
        json!({ "secret": "plain" }),
        json!({ "script": [{ "status": 99 }] }),
        json!({ "x": 1 }),
    ] {
        assert_eq!(set_up(&simulators, bad.clone()).status, 400, "{bad}");
    }
}
