//! A provider that the hub calls back: it believes signatures, acts once for a message, and counts.

use serde_json::{Value, json};

use super::{Reply, Sandbox, WEBHOOK_SECRET, now};

const BODY: &str = r#"{"type":"order.placed","data":{"order":{"id":"po_1","round":1,"input":{}}}}"#;

fn set_up(sandbox: &Sandbox, more: Value) -> Reply {
    let mut setup = json!({ "secret": WEBHOOK_SECRET });
    setup.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    sandbox.ask("PUT", "/_control/providers/acme", &[], Some(&setup.to_string()))
}

fn asked(sandbox: &Sandbox) -> Value {
    sandbox.control("providers/acme")
}

/// Has the simulator's own signer send it: `order` is what `/_control/webhooks` takes.
fn send(sandbox: &Sandbox, more: Value) -> Value {
    let url = format!("http://{}/_provider/acme", sandbox.address);
    let mut order = json!({ "url": url, "funder": "lex", "id": "po_1", "secret": WEBHOOK_SECRET, "body": BODY });
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let sent = sandbox.ask("POST", "/_control/webhooks", &[], Some(&order.to_string()));
    sent.json()["deliveries"][0].clone()
}

#[test]
fn a_message_is_acted_upon_once_and_answered_each_time() {
    let sandbox = Sandbox::start();
    assert_eq!(set_up(&sandbox, json!({})).json(), json!({ "path": "/_provider/acme" }));
    for _ in 0..3 {
        let answered = send(&sandbox, json!({}));
        assert_eq!(answered, json!({ "status": 200, "body": r#"{"status":"Succesful"}"# }));
    }
    let again = BODY.replace("\"round\":1", "\"round\":2");
    send(&sandbox, json!({ "id": "po_1:2", "body": again }));
    let shown = asked(&sandbox);
    assert_eq!(shown["deliveries"], json!({ "po_1": 3, "po_1:2": 1 }));
    assert_eq!(shown["effects"], json!({ "po_1": 1, "po_1:2": 1 }));
    send(&sandbox, json!({ "id": "po_other" }));
    assert_eq!(
        asked(&sandbox)["effects"]["po_1"],
        2,
        "the same order under another id is done twice"
    );
    assert_eq!(
        asked(&sandbox)["received"][0],
        json!({ "id": "po_1", "body": serde_json::from_str::<Value>(BODY).unwrap() })
    );
}

#[test]
fn it_decides_as_it_was_told() {
    let sandbox = Sandbox::start();
    let failed = json!({ "status": "Failed", "output": { "error": "PBX Over capacity" } });
    let more = json!({ "status": "Need_more_info", "requiredFields": ["a"] });
    set_up(&sandbox, json!({ "decision": failed, "decisions": { "po_2": more } }));
    assert_eq!(send(&sandbox, json!({}))["body"], failed.to_string());
    let second = BODY.replace("po_1", "po_2");
    assert_eq!(
        send(&sandbox, json!({ "id": "po_2", "body": second }))["body"],
        more.to_string()
    );
}

#[test]
fn what_is_not_signed_well_is_refused_and_done_nothing_for() {
    let sandbox = Sandbox::start();
    assert_eq!(send(&sandbox, json!({}))["status"], 404, "nobody has that name");
    set_up(&sandbox, json!({}));
    for wrong in [
        json!({ "wrongSignature": true }),
        json!({ "age": 400 }),
        json!({ "age": -400 }),
        json!({ "id": "po_1.2" }),
        json!({ "secret": "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGVzdHM=" }),
    ] {
        assert_eq!(send(&sandbox, wrong.clone())["status"], 401, "{wrong}");
    }
    let time = now().to_string();
    let bare = [("webhook-id", "po_1"), ("webhook-timestamp", time.as_str())];
    assert_eq!(sandbox.ask("POST", "/_provider/acme", &bare, Some(BODY)).status, 401);
    let shown = asked(&sandbox);
    assert_eq!(
        (&shown["refused"], &shown["deliveries"], &shown["effects"]),
        (&json!(6), &json!({}), &json!({}))
    );
}

#[test]
fn it_fails_on_demand_before_or_after_it_has_acted() {
    let sandbox = Sandbox::start();
    set_up(
        &sandbox,
        json!({ "script": [{ "status": 503 }, { "served": true, "status": 502 }, { "served": true, "reset": true }] }),
    );
    assert_eq!(send(&sandbox, json!({}))["status"], 503);
    assert_eq!(asked(&sandbox)["effects"], json!({}));
    assert_eq!(send(&sandbox, json!({}))["status"], 502);
    assert_eq!(asked(&sandbox)["effects"], json!({ "po_1": 1 }));
    assert!(send(&sandbox, json!({}))["error"].is_string());
    assert_eq!(send(&sandbox, json!({}))["status"], 200);
    assert_eq!(asked(&sandbox)["effects"], json!({ "po_1": 1 }));
    assert_eq!(asked(&sandbox)["deliveries"], json!({ "po_1": 4 }));
    sandbox.ask("DELETE", "/_control/providers/acme", &[], None);
    assert_eq!(sandbox.ask("GET", "/_control/providers/acme", &[], None).status, 404);
    for bad in [
        json!({ "secret": "plain" }),
        json!({ "script": [{ "status": 99 }] }),
        json!({ "x": 1 }),
    ] {
        assert_eq!(set_up(&sandbox, bad.clone()).status, 400, "{bad}");
    }
}
