//! The marketplace: tests place orders, and MMOB posts, updates and reports them.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::webhook::receiver;
use super::{Reply, Simulators};

fn place(simulators: &Simulators, more: Value) -> Reply {
    let mut request = json!({ "product": "prod_1", "price": "price_1", "input": { "last_name": "Nichols" } });
    request
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    simulators.request("POST", "/_control/mmob/orders", &[], Some(&request.to_string()))
}

fn placed(simulators: &Simulators, more: Value) -> Vec<String> {
    let placed = place(simulators, more);
    assert_eq!(placed.status, 202, "{}", placed.text);
    serde_json::from_value(placed.json()["orders"].clone()).unwrap()
}

fn report(simulators: &Simulators, id: &str) -> Value {
    simulators.control(&format!("mmob/orders/{id}"))
}

fn update(simulators: &Simulators, id: &str, body: &Value) -> Reply {
    simulators.mmob("POST", &format!("orders/{id}"), Some(body))
}

/// Waits until the condition holds.
fn until(holds: impl Fn() -> bool) {
    for _ in 0..200 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the condition did not hold within ten seconds");
}

#[test]
fn an_order_has_the_members_of_the_spec() {
    let simulators = Simulators::start();
    let id = placed(&simulators, json!({ "user": "tus_1" })).remove(0);
    assert!(id.starts_with("po_") && id.len() >= 14, "{id}");
    let order = simulators.mmob("GET", &format!("orders/{id}"), None).json();
    for (member, value) in [
        ("id", json!(id)),
        ("status", json!("Pending")),
        ("prod_id", json!("prod_1")),
        ("pricing_id", json!("price_1")),
        ("tpp_user_id", json!("tus_1")),
        ("input", json!({ "last_name": "Nichols" })),
    ] {
        assert_eq!(order[member], value, "{member}");
    }
    let users = simulators
        .mmob("GET", "users?ids%5B%5D=tus_1&ids%5B%5D=tus_2", None)
        .json();
    assert_eq!(
        (&users["total"], &users["items"][0]["id"]),
        (&json!(1), &json!("tus_1"))
    );
    assert!(users["items"][0]["passport_number"].is_string());
}

#[test]
fn a_final_state_is_repeated_and_never_changed() {
    let simulators = Simulators::start();
    let id = placed(&simulators, json!({})).remove(0);
    let done = json!({ "status": "Succesful", "output": { "key": "Value" } });
    for bad in [
        json!({ "status": "Successful" }),
        json!({ "status": "Pending" }),
        json!({ "status": "succesful" }),
        json!({}),
        json!({ "status": "Failed", "output": { "error": 5 } }),
        json!({ "status": "Need_more_info", "output": { "required_fields": ["a"] } }),
    ] {
        assert_eq!(update(&simulators, &id, &bad).status, 422, "{bad}");
    }
    let more = json!({ "status": "Need_more_info", "output": { "required_fields": "a, b" } });
    assert_eq!(update(&simulators, &id, &more).json()["output"], more["output"]);
    assert_eq!(update(&simulators, &id, &done).json()["status"], "Succesful");
    assert_eq!(update(&simulators, &id, &done).status, 200);
    for other in [
        json!({ "status": "Failed", "output": { "error": "late" } }),
        json!({ "status": "Succesful", "output": { "key": "Other" } }),
        more,
    ] {
        assert_eq!(update(&simulators, &id, &other).status, 409, "{other}");
    }
    let report = report(&simulators, &id);
    assert_eq!(
        (&report["updates"], &report["repeats"], &report["conflicts"]),
        (&json!(3), &json!(1), &json!(3))
    );
    assert_eq!(
        (&report["status"], &report["final"]),
        (&json!("Succesful"), &json!(true))
    );
    let last = report["seen"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["status"], "Succesful");
    assert_eq!(report["inTime"], false, "the order was never posted");
}

#[test]
fn orders_are_posted_at_a_rate_with_duplicates_and_retries() {
    let simulators = Simulators::start();
    let (url, served) = receiver(vec![503, 200, 200, 200]);
    let began = std::time::Instant::now();
    let orders = placed(
        &simulators,
        json!({ "url": url, "count": 2, "rate": 5.0, "duplicates": 50, "tries": 2 }),
    );
    let received = served.join().unwrap();
    assert!(began.elapsed() >= Duration::from_millis(1_000), "a second try waits");
    let mut posted: Vec<String> = received
        .iter()
        .map(|one| {
            serde_json::from_str::<Value>(&one.body).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    posted.sort();
    assert_eq!(
        posted,
        [&orders[0], &orders[0], &orders[1], &orders[1]].map(Clone::clone),
        "one was a duplicate"
    );
    until(|| report(&simulators, &orders[0])["webhooks"].as_array().unwrap().len() == 2);
    update(
        &simulators,
        &orders[0],
        &json!({ "status": "Failed", "output": { "error": "no" } }),
    );
    let report = report(&simulators, &orders[0]);
    assert_eq!((&report["inTime"], &report["final"]), (&json!(true), &json!(true)));
    assert!(report["finalAfter"].as_i64().unwrap() >= 0);
    assert_eq!(simulators.control("mmob/orders")["orders"].as_array().unwrap().len(), 2);
}

#[test]
fn a_webhook_is_posted_late_twice_and_with_another_body_on_demand() {
    let simulators = Simulators::start();
    let id = placed(&simulators, json!({})).remove(0);
    let (url, served) = receiver(vec![200, 200, 409, 400, 200]);
    let post = |more: Value| {
        let mut post = json!({ "url": url });
        post.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let path = format!("/_control/mmob/orders/{id}/webhook");
        simulators.request("POST", &path, &[], Some(&post.to_string())).json()["deliveries"].clone()
    };
    assert_eq!(post(json!({ "times": 2 })).as_array().unwrap().len(), 2);
    assert_eq!(post(json!({ "change": { "prod_id": "prod_2" } }))[0]["status"], 409);
    assert_eq!(post(json!({ "body": "{not JSON" }))[0]["status"], 400);
    assert_eq!(post(json!({ "input": { "more": "filled in" } }))[0]["body"], "{}");
    let bodies: Vec<String> = served.join().unwrap().into_iter().map(|one| one.body).collect();
    let document = |index: usize| serde_json::from_str::<Value>(&bodies[index]).unwrap();
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(
        (document(2)["prod_id"].as_str(), document(2)["id"].as_str()),
        (Some("prod_2"), Some(id.as_str()))
    );
    assert_eq!(bodies[3], "{not JSON");
    assert_eq!(document(4)["input"], json!({ "more": "filled in" }));
    assert_eq!(
        simulators.mmob("GET", &format!("orders/{id}"), None).json()["input"],
        json!({ "more": "filled in" })
    );
    let absent = simulators.request(
        "POST",
        "/_control/mmob/orders/po_0/webhook",
        &[],
        Some(r#"{"url":"http://127.0.0.1:9"}"#),
    );
    assert_eq!(absent.status, 404);
}

#[test]
fn an_order_request_that_is_not_valid_is_refused() {
    let simulators = Simulators::start();
    for more in [
        json!({ "count": 0 }),
        json!({ "rate": 0.0 }),
        json!({ "tries": 11 }),
        json!({ "duplicates": 101 }),
        json!({ "unknown": 1 }),
    ] {
        assert_eq!(place(&simulators, more.clone()).status, 400, "{more}");
    }
}

#[test]
fn a_share_of_the_calls_fails_and_the_others_do_not() {
    let simulators = Simulators::start();
    let id = placed(&simulators, json!({})).remove(0);
    let scripted = simulators.script("mmob/order", &json!([{ "status": 503, "percent": 20 }]));
    assert_eq!(scripted.status, 200, "{}", scripted.text);
    let failed = (0..200)
        .filter(|_| simulators.mmob("GET", &format!("orders/{id}"), None).status == 503)
        .count();
    assert!((20..=60).contains(&failed), "{failed} of 200");
    let both = simulators.script("mmob/order", &json!([{ "percent": 5, "times": 2 }]));
    assert_eq!(both.status, 400);
    simulators.script(
        "mmob/order",
        &json!([{ "status": 500, "percent": 0 }, { "status": 502 }]),
    );
    let status = || simulators.mmob("GET", &format!("orders/{id}"), None).status;
    assert_eq!([status(), status()], [502, 200]);
    simulators.script("mmob/order", &json!([{ "status": 429, "perMinute": 2 }]));
    assert_eq!([status(), status(), status(), status()], [200, 200, 429, 429]);
}
