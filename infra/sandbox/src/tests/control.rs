//! Scripting, recording and resetting.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

use super::{CALCULATE, REQUEST_ID, Sandbox, bearer, claims, example};
use crate::control::Board;
use crate::script;
use crate::server::Asked;

const QUOTE: &str = "lex/quote";

#[test]
fn is_healthy_and_marks_every_answer() {
    let sandbox = Sandbox::start();
    let health = sandbox.ask("GET", "/_health", &[], None);
    assert_eq!((health.status, health.json()), (200, json!({ "status": "ok" })));
    // `ask` checks the mark on each of these.
    assert_eq!(sandbox.ask("POST", "/_health", &[], Some("")).status, 405);
    assert_eq!(sandbox.ask("GET", "/_control", &[], None).status, 405);
    assert_eq!(sandbox.ask("GET", "/_control/lex", &[], None).status, 404);
}

#[test]
fn answers_in_the_order_of_the_script() {
    let sandbox = Sandbox::start();
    let script = json!([
        { "status": 503, "headers": { "Retry-After": "2", "X-Simulated": "no" }, "body": { "b": 1, "a": [true] } },
        { "status": 502, "body": "<html>Bad gateway</html>", "times": 2 },
        {},
        { "body": "{\"quote_id\":", "delay": 0 },
        { "status": 429, "headers": { "content-type": "text/plain" }, "body": "slow down" },
        { "status": 500 },
    ]);
    assert_eq!(sandbox.script(QUOTE, &script).json(), json!({ "scripted": 6 }));
    let ask = || sandbox.calculate(&example());

    let busy = ask();
    assert_eq!(
        (busy.status, busy.header("retry-after"), busy.text.as_str()),
        (503, "2", r#"{"a":[true],"b":1}"#)
    );
    assert_eq!(busy.header("content-type"), "application/json");
    for _ in 0..2 {
        let html = ask();
        assert_eq!((html.status, html.header("content-type")), (502, "text/html"));
        assert_eq!(html.text, "<html>Bad gateway</html>");
    }
    assert_eq!(ask().json()["status"], "CALCULATED");
    let broken = ask();
    assert_eq!((broken.status, broken.text.as_str()), (200, "{\"quote_id\":"));
    assert_eq!(broken.header("content-type"), "application/json");
    let slow = ask();
    assert_eq!(
        (slow.status, slow.header("content-type"), slow.text.as_str()),
        (429, "text/plain", "slow down")
    );
    let empty = ask();
    assert_eq!(
        (empty.status, empty.text.as_str(), empty.header("content-type")),
        (500, "", "")
    );
    assert_eq!(ask().json()["status"], "CALCULATED");
}

#[test]
fn a_scripted_document_keeps_its_text() {
    let sandbox = Sandbox::start();
    let script = r#"[{"body": {"monthly_rental": 450.00, "same": 1, "same": 2}}]"#;
    sandbox.ask("PUT", "/_control/lex/quote", &[], Some(script));
    let reply = sandbox.calculate(&example());
    assert_eq!(reply.text, r#"{"monthly_rental": 450.00, "same": 1, "same": 2}"#);
}

#[test]
fn a_script_is_replaced_and_belongs_to_one_operation() {
    let sandbox = Sandbox::start();
    sandbox.script(QUOTE, &json!([{ "status": 500, "times": 9 }]));
    sandbox.script(QUOTE, &json!([{ "status": 501 }]));
    sandbox.script("lex/retrieve", &json!([{ "status": 418 }]));
    assert_eq!(sandbox.calculate(&example()).status, 501);
    assert_eq!(sandbox.calculate(&example()).status, 200);
    assert_eq!(sandbox.lex("GET", "/lex/api/v1/quotes/Q10001", None).status, 418);
    assert_eq!(sandbox.lex("GET", "/lex/api/v1/quotes/Q10001", None).status, 200);
    // A script answers before the credentials are looked at.
    sandbox.script("lex/proposal", &json!([{ "status": 403 }]));
    assert_eq!(
        sandbox
            .ask("POST", "/lex/api/v1/quotes/Q1/complete", &[], Some("{}"))
            .status,
        403
    );
    assert_eq!(
        sandbox
            .ask("POST", "/lex/api/v1/quotes/Q1/complete", &[], Some("{}"))
            .status,
        401
    );
}

#[test]
fn delays_and_shows_the_call_meanwhile() {
    let sandbox = Sandbox::start();
    sandbox.script(QUOTE, &json!([{ "delay": 600 }, { "delay": 50, "status": 504 }]));
    thread::scope(|scope| {
        let started = Instant::now();
        let slow = scope.spawn(|| sandbox.calculate(&example()));
        let waiting = until(|| sandbox.calls(QUOTE).first().cloned());
        assert_eq!(
            (&waiting["status"], &waiting["answered"]),
            (&Value::Null, &json!("normal"))
        );
        // Meanwhile others are served.
        let other = Instant::now();
        assert_eq!(sandbox.calculate(&example()).status, 504);
        assert!(other.elapsed() >= Duration::from_millis(50));
        assert_eq!(slow.join().unwrap().status, 200);
        assert!(started.elapsed() >= Duration::from_millis(600));
    });
    let answered: Vec<_> = sandbox.calls(QUOTE).iter().map(|call| call["status"].clone()).collect();
    assert_eq!(answered, [json!(200), json!(504)]);
}

#[test]
fn goes_on_when_the_caller_has_left() {
    let sandbox = Sandbox::start();
    let authorization = bearer(&claims());
    let headers = [
        ("authorization", authorization.as_str()),
        ("x-lbg-request-id", REQUEST_ID),
    ];
    sandbox.script(QUOTE, &json!([{ "delay": 500 }]));
    let body = example().to_string();
    let left = sandbox.try_ask("POST", CALCULATE, &headers, Some(&body), Duration::from_millis(50));
    assert!(matches!(left, Err(ureq::Error::Timeout(_))));
    assert_eq!(sandbox.calls(QUOTE)[0]["status"], Value::Null);
    until(|| (sandbox.calls(QUOTE)[0]["status"] == 200).then_some(()));
    assert_eq!(sandbox.lex("GET", "/lex/api/v1/quotes/Q10001", None).status, 200);
}

#[test]
fn resets_the_connection_without_an_answer() {
    let sandbox = Sandbox::start();
    sandbox.script(QUOTE, &json!([{ "reset": true, "times": 2, "delay": 20 }]));
    let body = example().to_string();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(sandbox.address).unwrap();
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
    assert_eq!(sandbox.calculate(&example()).status, 200);
    let calls = sandbox.calls(QUOTE);
    assert_eq!(
        (&calls[0]["answered"], &calls[0]["status"]),
        (&json!("reset"), &Value::Null)
    );
    // It was read completely first.
    assert_eq!(calls[1]["body"], body);
    assert_eq!(
        (&calls[2]["answered"], &calls[2]["status"]),
        (&json!("normal"), &json!(200))
    );
}

#[test]
fn sends_a_body_of_any_size() {
    let sandbox = Sandbox::start();
    sandbox.script(
        QUOTE,
        &json!([{ "bodySize": 1_572_864 }, { "bodySize": 0, "status": 500 }]),
    );
    let large = sandbox.calculate(&example());
    assert_eq!((large.status, large.text.len()), (200, 1_572_864));
    assert!(large.text.bytes().all(|byte| byte == b'x'));
    let none = sandbox.calculate(&example());
    assert_eq!((none.status, none.text.len()), (500, 0));
}

#[test]
fn lists_what_arrived() {
    let sandbox = Sandbox::start();
    sandbox.script(QUOTE, &json!([{ "status": 503 }]));
    let headers = [("X-Custom", "One"), ("x-custom", "two")];
    sandbox.ask("POST", &format!("{CALCULATE}?a=1"), &headers, Some("über"));
    sandbox.ask("POST", CALCULATE, &[], Some("{}"));
    let calls = sandbox.calls(QUOTE);
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
    let sandbox = Sandbox::start();
    let fill = || {
        for operation in [QUOTE, "lex/retrieve"] {
            sandbox.script(operation, &json!([{ "status": 500 }, { "status": 500 }]));
        }
        assert_eq!(sandbox.calculate(&example()).status, 500);
        assert_eq!(sandbox.lex("GET", "/lex/api/v1/quotes/Q1", None).status, 500);
    };
    fill();
    assert_eq!(sandbox.ask("DELETE", "/_control/lex/quote", &[], None).status, 200);
    assert_eq!(sandbox.calls(QUOTE).len(), 0);
    assert_eq!(sandbox.calculate(&example()).status, 200);
    assert_eq!(sandbox.calls("lex/retrieve").len(), 1);
    assert_eq!(sandbox.lex("GET", "/lex/api/v1/quotes/Q1", None).status, 500);

    fill();
    assert_eq!(sandbox.ask("DELETE", "/_control", &[], None).status, 200);
    assert_eq!(sandbox.calls(QUOTE).len() + sandbox.calls("lex/retrieve").len(), 0);
    assert_eq!(sandbox.calculate(&example()).status, 200);
    assert_eq!(sandbox.lex("GET", "/lex/api/v1/quotes/Q1", None).status, 404);
    // The numbering went on: this was the second quote.
    assert_eq!(sandbox.lex("GET", "/lex/api/v1/quotes/Q10002", None).status, 200);
}

#[test]
fn unknown_operations_name_the_known() {
    let sandbox = Sandbox::start();
    for (method, path) in [
        ("PUT", "/_control/lex/quotes"),
        ("DELETE", "/_control/nobody/quote"),
        ("GET", "/_control/lex/quotes/calls"),
    ] {
        let reply = sandbox.ask(method, path, &[], (method == "PUT").then_some("[]"));
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
    let sandbox = Sandbox::start();
    sandbox.script(QUOTE, &json!([{ "status": 418 }]));
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
        let reply = sandbox.ask("PUT", "/_control/lex/quote", &[], Some(script));
        assert_eq!(
            (reply.status, &reply.error()["code"]),
            (400, &json!("BAD_SCRIPT")),
            "{script}"
        );
        let message = reply.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(reason), "expected {reason:?} in {message:?}");
    }
    assert_eq!(sandbox.calculate(&example()).status, 418);
}

#[test]
fn refuses_bodies_over_six_mebibytes() {
    let sandbox = Sandbox::start();
    sandbox.script(QUOTE, &json!([{ "status": 503 }]));
    let largest = " ".repeat(6 * 1024 * 1024);
    let larger = format!("{largest} ");
    for path in [CALCULATE, "/_control/lex/quote"] {
        let method = if path == CALCULATE { "POST" } else { "PUT" };
        let reply = sandbox.ask(method, path, &[], Some(&larger));
        assert_eq!(
            (reply.status, &reply.error()["code"]),
            (413, &json!("TOO_LARGE")),
            "{path}"
        );
    }
    // The refused call left the script alone, and is on record without its body.
    assert_eq!(sandbox.lex("POST", CALCULATE, Some(&largest)).status, 503);
    assert_eq!(sandbox.lex("POST", CALCULATE, Some(&largest)).status, 400);
    let calls = sandbox.calls(QUOTE);
    assert_eq!((&calls[0]["status"], &calls[0]["body"]), (&json!(413), &json!("")));
}

#[test]
fn remembers_the_newest_calls_only() {
    let board = Board::new([("lex", "quote")].into_iter());
    let asked = |path: &str, size: usize| Asked {
        at: jiff::Timestamp::UNIX_EPOCH,
        method: Method::POST,
        uri: path.parse::<Uri>().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from(vec![b'x'; size]),
    };
    for index in 0..10_005 {
        board
            .arrive("lex", "quote", &asked(&format!("/lex/{index}"), 0), true)
            .call
            .answered(StatusCode::OK);
    }
    let recorded = board.recorded(("lex", "quote"));
    assert_eq!(recorded.len(), 10_000);
    assert_eq!(serde_json::to_value(&*recorded[0]).unwrap()["path"], "/lex/5");
    for _ in 0..70 {
        board.arrive("lex", "quote", &asked("/lex/large", 2 * 1024 * 1024), true);
    }
    assert_eq!(board.recorded(("lex", "quote")).len(), 63);
}

#[test]
fn null_members_of_a_script_count_as_absent() {
    let steps = script::read(br#"[{"status": null, "headers": null, "body": null, "reset": false}]"#).unwrap();
    assert!(matches!(steps[0].act, script::Act::Normal));
}

fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    for _ in 0..400 {
        if let Some(found) = found() {
            return found;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("it did not happen within 2 s");
}
