//! Scripting, recording and resetting.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CALCULATE, REQUEST_ID, Simulators, bearer, claims, example};
use crate::script;

const QUOTE: &str = "lex/quote";

#[test]
fn is_healthy_and_marks_every_answer() {
    let simulators = Simulators::start();
    let health = simulators.request("GET", "/_health", &[], None);
    assert_eq!((health.status, health.json()), (200, json!({ "status": "ok" })));
    // `request` checks the mark on each of these.
    assert_eq!(simulators.request("POST", "/_health", &[], Some("")).status, 405);
    assert_eq!(simulators.request("GET", "/_control", &[], None).status, 405);
    assert_eq!(simulators.request("GET", "/_control/lex", &[], None).status, 405);
}

#[test]
fn answers_in_the_order_of_the_script() {
    let simulators = Simulators::start();
    let script = json!([
        { "status": 503, "headers": { "Retry-After": "2", "X-Simulated": "no" }, "body": { "b": 1, "a": [true] } },
        { "status": 502, "body": "<html>Bad gateway</html>", "times": 2 },
        {},
        { "body": "{\"quote_id\":", "delay": 0 },
        { "status": 429, "headers": { "content-type": "text/plain" }, "body": "slow down" },
        { "status": 500 },
    ]);
    assert_eq!(simulators.script(QUOTE, &script).json(), json!({ "scripted": 6 }));
    let calculate = || simulators.calculate(&example());

    let busy = calculate();
    assert_eq!(
        (busy.status, busy.header("retry-after"), busy.text.as_str()),
        (503, "2", r#"{"a":[true],"b":1}"#)
    );
    assert_eq!(busy.header("content-type"), "application/json");
    for _ in 0..2 {
        let html = calculate();
        assert_eq!((html.status, html.header("content-type")), (502, "text/html"));
        assert_eq!(html.text, "<html>Bad gateway</html>");
    }
    assert_eq!(calculate().json()["status"], "CALCULATED");
    let broken = calculate();
    assert_eq!((broken.status, broken.text.as_str()), (200, "{\"quote_id\":"));
    assert_eq!(broken.header("content-type"), "application/json");
    let slow = calculate();
    assert_eq!(
        (slow.status, slow.header("content-type"), slow.text.as_str()),
        (429, "text/plain", "slow down")
    );
    let empty = calculate();
    assert_eq!(
        (empty.status, empty.text.as_str(), empty.header("content-type")),
        (500, "", "")
    );
    assert_eq!(calculate().json()["status"], "CALCULATED");
}

#[test]
fn a_scripted_document_keeps_its_text() {
    let simulators = Simulators::start();
    let script = r#"[{"body": {"monthly_rental": 450.00, "same": 1, "same": 2}}]"#;
    simulators.request("PUT", "/_control/lex/quote", &[], Some(script));
    let reply = simulators.calculate(&example());
    assert_eq!(reply.text, r#"{"monthly_rental": 450.00, "same": 1, "same": 2}"#);
}

#[test]
fn a_script_is_replaced_and_belongs_to_one_operation() {
    let simulators = Simulators::start();
    simulators.script(QUOTE, &json!([{ "status": 500, "times": 9 }]));
    simulators.script(QUOTE, &json!([{ "status": 501 }]));
    simulators.script("lex/retrieve", &json!([{ "status": 418 }]));
    assert_eq!(simulators.calculate(&example()).status, 501);
    assert_eq!(simulators.calculate(&example()).status, 200);
    assert_eq!(simulators.lex("GET", "/lex/api/v1/quotes/Q10001", None).status, 418);
    assert_eq!(simulators.lex("GET", "/lex/api/v1/quotes/Q10001", None).status, 200);
    // A script answers before the partner checks credentials.
    simulators.script("lex/proposal", &json!([{ "status": 403 }]));
    assert_eq!(
        simulators
            .request("POST", "/lex/api/v1/quotes/Q1/complete", &[], Some("{}"))
            .status,
        403
    );
    assert_eq!(
        simulators
            .request("POST", "/lex/api/v1/quotes/Q1/complete", &[], Some("{}"))
            .status,
        401
    );
}

#[test]
fn delays_and_shows_the_call_meanwhile() {
    let simulators = Simulators::start();
    simulators.script(QUOTE, &json!([{ "delay": 600 }, { "delay": 50, "status": 504 }]));
    thread::scope(|scope| {
        let started = Instant::now();
        let slow = scope.spawn(|| simulators.calculate(&example()));
        let waiting = until(|| simulators.calls(QUOTE).first().cloned());
        assert_eq!(
            (&waiting["status"], &waiting["answered"]),
            (&Value::Null, &json!("normal"))
        );
        // Other calls are served meanwhile.
        let other = Instant::now();
        assert_eq!(simulators.calculate(&example()).status, 504);
        assert!(other.elapsed() >= Duration::from_millis(50));
        assert_eq!(slow.join().unwrap().status, 200);
        assert!(started.elapsed() >= Duration::from_millis(600));
    });
    let answered: Vec<_> = simulators
        .calls(QUOTE)
        .iter()
        .map(|call| call["status"].clone())
        .collect();
    assert_eq!(answered, [json!(200), json!(504)]);
}

#[test]
fn completes_a_call_whose_caller_has_disconnected() {
    let simulators = Simulators::start();
    let authorization = bearer(&claims());
    let headers = [
        ("authorization", authorization.as_str()),
        ("x-lbg-request-id", REQUEST_ID),
    ];
    simulators.script(QUOTE, &json!([{ "delay": 500 }]));
    let body = example().to_string();
    let left = simulators.try_request("POST", CALCULATE, &headers, Some(&body), Duration::from_millis(50));
    assert!(matches!(left, Err(ureq::Error::Timeout(_))));
    assert_eq!(simulators.calls(QUOTE)[0]["status"], Value::Null);
    until(|| (simulators.calls(QUOTE)[0]["status"] == 200).then_some(()));
    assert_eq!(simulators.lex("GET", "/lex/api/v1/quotes/Q10001", None).status, 200);
}

#[test]
fn resets_the_connection_without_an_answer() {
    let simulators = Simulators::start();
    simulators.script(QUOTE, &json!([{ "reset": true, "times": 2, "delay": 20 }]));
    let body = example().to_string();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(simulators.address).unwrap();
        write!(
            stream,
            "POST {CALCULATE} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut received = Vec::new();
        let error = stream.read_to_end(&mut received).unwrap_err();
        assert_eq!((error.kind(), received.len()), (ErrorKind::ConnectionReset, 0));
    }
    assert_eq!(simulators.calculate(&example()).status, 200);
    let calls = simulators.calls(QUOTE);
    assert_eq!(
        (&calls[0]["answered"], &calls[0]["status"]),
        (&json!("reset"), &Value::Null)
    );
    // The simulator read the whole request first.
    assert_eq!(calls[1]["body"], body);
    assert_eq!(
        (&calls[2]["answered"], &calls[2]["status"]),
        (&json!("normal"), &json!(200))
    );
}

#[test]
fn sends_a_body_of_any_size() {
    let simulators = Simulators::start();
    simulators.script(
        QUOTE,
        &json!([{ "bodySize": 1_572_864 }, { "bodySize": 0, "status": 500 }]),
    );
    let large = simulators.calculate(&example());
    assert_eq!((large.status, large.text.len()), (200, 1_572_864));
    assert!(large.text.bytes().all(|byte| byte == b'x'));
    let none = simulators.calculate(&example());
    assert_eq!((none.status, none.text.len()), (500, 0));
}

#[test]
fn lists_what_arrived() {
    let simulators = Simulators::start();
    simulators.script(QUOTE, &json!([{ "status": 503 }]));
    let headers = [("X-Custom", "One"), ("x-custom", "two")];
    simulators.request("POST", &format!("{CALCULATE}?a=1"), &headers, Some("über"));
    simulators.request("POST", CALCULATE, &[], Some("{}"));
    let calls = simulators.calls(QUOTE);
    assert_eq!(calls.len(), 2);
    let call = &calls[0];
    assert_eq!(
        (&call["method"], &call["path"]),
        (&json!("POST"), &json!(format!("{CALCULATE}?a=1")))
    );
    assert_eq!(
        (&call["body"], &call["headers"]["x-custom"]),
        (&json!("über"), &json!("One, two"))
    );
    assert_eq!((&call["answered"], &call["status"]), (&json!("scripted"), &json!(503)));
    let at = call["at"].as_str().unwrap();
    assert_eq!(
        (at.len(), at.ends_with('Z')),
        ("2026-01-01T00:00:00.000Z".len(), true),
        "{at}"
    );
    assert_eq!(
        (&calls[1]["answered"], &calls[1]["status"]),
        (&json!("normal"), &json!(401))
    );
}

#[test]
fn forgets_on_demand() {
    let simulators = Simulators::start();
    let fill = || {
        for operation in [QUOTE, "lex/retrieve"] {
            simulators.script(operation, &json!([{ "status": 500 }, { "status": 500 }]));
        }
        assert_eq!(simulators.calculate(&example()).status, 500);
        assert_eq!(simulators.lex("GET", "/lex/api/v1/quotes/Q1", None).status, 500);
    };
    fill();
    assert_eq!(
        simulators.request("DELETE", "/_control/lex/quote", &[], None).status,
        200
    );
    assert_eq!(simulators.calls(QUOTE).len(), 0);
    assert_eq!(simulators.calculate(&example()).status, 200);
    assert_eq!(simulators.calls("lex/retrieve").len(), 1);
    assert_eq!(simulators.lex("GET", "/lex/api/v1/quotes/Q1", None).status, 500);

    fill();
    assert_eq!(simulators.request("DELETE", "/_control", &[], None).status, 200);
    assert_eq!(
        simulators.calls(QUOTE).len() + simulators.calls("lex/retrieve").len(),
        0
    );
    assert_eq!(simulators.calculate(&example()).status, 200);
    assert_eq!(simulators.lex("GET", "/lex/api/v1/quotes/Q1", None).status, 404);
    // The numbering went on: this was the second quote.
    assert_eq!(simulators.lex("GET", "/lex/api/v1/quotes/Q10002", None).status, 200);
}

#[test]
fn a_script_for_one_correlation_id_leaves_other_calls_alone() {
    let simulators = Simulators::start();
    simulators.script(QUOTE, &json!([{ "status": 503 }]));
    simulators.script(
        &format!("{QUOTE}?correlation=one"),
        &json!([{ "status": 418 }, { "status": 410 }]),
    );
    let call = |correlation: &str| {
        let headers = [("x-correlation-id", correlation)];
        simulators.request("POST", CALCULATE, &headers, Some("{}")).status
    };
    // After its own script a call takes the step of the operation's script. Without a script LEX wants a token.
    let answered = ["one", "two", "one", "two", "one"].map(call);
    assert_eq!(answered, [418, 503, 410, 401, 401]);
    let path = format!("/_control/{QUOTE}/calls?correlation=one");
    let calls = simulators.request("GET", &path, &[], None).json();
    assert_eq!(calls.as_array().unwrap().len(), 3);
    assert_eq!(simulators.calls(QUOTE).len(), 5);
    simulators.script(&format!("{QUOTE}?correlation=two"), &json!([{ "status": 418 }]));
    assert_eq!(simulators.request("DELETE", "/_control/lex", &[], None).status, 200);
    assert_eq!(call("two"), 401);
}

#[test]
fn forgets_one_partner_on_demand() {
    let simulators = Simulators::start();
    let other = "mmob/product-list";
    for operation in [QUOTE, "lex/retrieve", other] {
        simulators.script(operation, &json!([{ "status": 418, "times": 2 }]));
    }
    assert_eq!(simulators.calculate(&example()).status, 418);
    assert_eq!(simulators.request("GET", "/mmob/products", &[], None).status, 418);
    assert_eq!(simulators.request("DELETE", "/_control/lex", &[], None).status, 200);
    assert_eq!(simulators.calls(QUOTE).len(), 0);
    assert_eq!(simulators.calculate(&example()).status, 200);
    assert_eq!(simulators.lex("GET", "/lex/api/v1/quotes/Q1", None).status, 404);
    assert_eq!(simulators.calls(other).len(), 1);
    assert_eq!(simulators.request("GET", "/mmob/products", &[], None).status, 418);
    assert_eq!(simulators.request("DELETE", "/_control/unknown", &[], None).status, 404);
}

#[test]
fn unknown_operations_name_the_known() {
    let simulators = Simulators::start();
    for (method, path) in [
        ("PUT", "/_control/lex/quotes"),
        ("DELETE", "/_control/unknown/quote"),
        ("GET", "/_control/lex/quotes/calls"),
    ] {
        let reply = simulators.request(method, path, &[], (method == "PUT").then_some("[]"));
        assert_eq!(reply.status, 404, "{path}");
        let message = reply.error()["message"].as_str().unwrap().to_owned();
        let known = "known: alphabet/defaults, alphabet/details, alphabet/proposal, alphabet/quote, \
            alphabet/retrieve, bqs/consent, bqs/create, bqs/document, bqs/score, bqs/update, lex/proposal, lex/quote, \
            lex/recalculate, lex/retrieve, mmob/order, mmob/order-update, mmob/price, mmob/price-create, mmob/product, \
            mmob/product-create, mmob/product-list, mmob/user";
        assert!(message.ends_with(known), "{message}");
    }
}

#[test]
fn a_bad_script_changes_nothing() {
    let simulators = Simulators::start();
    simulators.script(QUOTE, &json!([{ "status": 418 }]));
    let bad = [
        ("status: 1", "expected"),
        ("{}", "expected a sequence"),
        (r#"[{"state": 500}]"#, "unknown field"),
        (r#"[{}, {"status": 199}]"#, "answer 1: status 199"),
        (r#"[{"status": 600}]"#, "status 600"),
        (r#"[{"status": "500"}]"#, "expected u16"),
        (r#"[{"times": 0}]"#, "times"),
        (r#"[{"delay": 600001}]"#, "delay"),
        (r#"[{"delay": -1}]"#, "expected u64"),
        (r#"[{"reset": true, "status": 500}]"#, "reset"),
        (r#"[{"body": "a", "bodySize": 1}]"#, "exclude"),
        (r#"[{"bodySize": 99999999999}]"#, "bodySize"),
        (r#"[{"headers": {"a b": "c"}}]"#, "header name"),
        (r#"[{"headers": {"a": "c\nd"}}]"#, "value of header a"),
        (r#"[{"headers": {"Content-Length": "5"}}]"#, "Content-Length"),
    ];
    for (script, reason) in bad {
        let reply = simulators.request("PUT", "/_control/lex/quote", &[], Some(script));
        assert_eq!(
            (reply.status, &reply.error()["code"]),
            (400, &json!("BAD_SCRIPT")),
            "{script}"
        );
        let message = reply.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(reason), "expected {reason:?} in {message:?}");
    }
    assert_eq!(simulators.calculate(&example()).status, 418);
}

#[test]
fn refuses_bodies_over_six_mebibytes() {
    let simulators = Simulators::start();
    simulators.script(QUOTE, &json!([{ "status": 503 }]));
    let largest = " ".repeat(6 * 1024 * 1024);
    let larger = format!("{largest} ");
    for path in [CALCULATE, "/_control/lex/quote"] {
        let method = if path == CALCULATE { "POST" } else { "PUT" };
        let reply = simulators.request(method, path, &[], Some(&larger));
        assert_eq!(
            (reply.status, &reply.error()["code"]),
            (413, &json!("TOO_LARGE")),
            "{path}"
        );
    }
    // The refused call took no step of the script, and is listed without its body.
    assert_eq!(simulators.lex("POST", CALCULATE, Some(&largest)).status, 503);
    assert_eq!(simulators.lex("POST", CALCULATE, Some(&largest)).status, 400);
    let calls = simulators.calls(QUOTE);
    assert_eq!((&calls[0]["status"], &calls[0]["body"]), (&json!(413), &json!("")));
}

#[test]
fn null_members_of_a_script_count_as_absent() {
    let steps = script::read(br#"[{"status": null, "headers": null, "body": null, "reset": false}]"#).unwrap();
    assert!(matches!(steps[0].action, script::Action::Normal));
}

fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    for _ in 0..400 {
        if let Some(found) = found() {
            return found;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("the condition did not hold within 2 s");
}
