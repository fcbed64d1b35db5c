//! The webhooks that the simulators send, as a receiver sees them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};

use super::{Reply, Simulators, WEBHOOK_SECRET, now};

/// A request as the receiver read it.
pub struct Received {
    pub head: String,
    pub body: String,
}

impl Received {
    fn header(&self, name: &str) -> String {
        let line = self.head.lines().find(|line| line.starts_with(&format!("{name}: ")));
        line.unwrap()[name.len() + 2..].to_owned()
    }

    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = [
            self.header("webhook-id"),
            self.header("webhook-timestamp"),
            self.body.clone(),
        ]
        .join(".");
        let tag = STANDARD
            .decode(self.header("webhook-signature").strip_prefix("v1,").unwrap())
            .unwrap();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes(), &tag).is_ok()
    }
}

/// Answers one request with each of the statuses and returns the requests.
pub fn receiver(statuses: Vec<u16>) -> (String, JoinHandle<Vec<Received>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/webhooks/lex", listener.local_addr().unwrap());
    let served = thread::spawn(move || statuses.into_iter().map(|status| serve(&listener, status)).collect());
    (url, served)
}

fn serve(listener: &TcpListener, status: u16) -> Received {
    let (mut stream, _) = listener.accept().unwrap();
    let mut read = Vec::new();
    let (head, length) = loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
        if read.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8(read).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.unwrap().parse().unwrap();
            break (head, length);
        }
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
    )
    .unwrap();
    Received {
        head,
        body: String::from_utf8(body).unwrap(),
    }
}

fn send(simulators: &Simulators, request: &Value) -> Reply {
    simulators.request("POST", "/_control/webhooks", &[], Some(&request.to_string()))
}

#[test]
fn sends_a_signed_webhook() {
    let simulators = Simulators::start();
    let (url, served) = receiver(vec![202]);
    let body = r#"{"type": "proposal.updated", "data": {"n": 1.50}}"#;
    let request = format!(r#"{{"url": "{url}", "funder": "lex", "id": "msg_1", "body": {body}}}"#);
    let sent = simulators.request("POST", "/_control/webhooks", &[], Some(&request));
    assert_eq!(sent.status, 200, "{}", sent.text);
    let received = served.join().unwrap().remove(0);
    assert!(
        received.head.starts_with("POST /webhooks/lex HTTP/1.1"),
        "{}",
        received.head
    );
    assert_eq!(
        (received.body.as_str(), received.header("webhook-id").as_str()),
        (body, "msg_1")
    );
    assert_eq!(received.header("content-type"), "application/json");
    assert!(received.is_signed_with(WEBHOOK_SECRET));
    let age = now() - received.header("webhook-timestamp").parse::<i64>().unwrap();
    assert!((0..=5).contains(&age), "{age}");
    let sent = sent.json();
    assert_eq!(sent["deliveries"], json!([{ "status": 202, "body": "{}" }]));
    assert_eq!(
        (&sent["id"], &sent["signature"]),
        (&json!("msg_1"), &json!(received.header("webhook-signature")))
    );
}

#[test]
fn sends_what_a_receiver_must_refuse() {
    let simulators = Simulators::start();
    let (url, served) = receiver(vec![401; 6]);
    let other = "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGVzdHM=";
    let send_refused = |more: Value| {
        let mut request = json!({ "url": url, "funder": "alphabet", "body": {} });
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        assert_eq!(send(&simulators, &request).json()["deliveries"][0]["status"], 401);
    };
    send_refused(json!({ "wrongSignature": true }));
    send_refused(json!({ "age": 3_600 }));
    send_refused(json!({ "age": -3_600, "body": "not JSON" }));
    send_refused(json!({ "secret": other }));
    send_refused(json!({ "id": "msg_1", "times": 1 }));
    send_refused(json!({ "id": "msg_1" }));
    let received = served.join().unwrap();
    assert!(!received[0].is_signed_with(WEBHOOK_SECRET));
    let age = |index: usize| now() - received[index].header("webhook-timestamp").parse::<i64>().unwrap();
    assert!((3_600..=3_605).contains(&age(1)) && received[1].is_signed_with(WEBHOOK_SECRET));
    assert!((-3_600..=-3_595).contains(&age(2)) && received[2].is_signed_with(WEBHOOK_SECRET));
    assert_eq!(received[2].body, "not JSON");
    assert!(received[3].is_signed_with(other) && !received[3].is_signed_with(WEBHOOK_SECRET));
    assert_ne!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    assert_eq!(received[4].header("webhook-id"), received[5].header("webhook-id"));
}

#[test]
fn sends_a_message_again_on_demand() {
    let simulators = Simulators::start();
    let (url, served) = receiver(vec![503, 200, 200]);
    let sent = send(
        &simulators,
        &json!({ "url": url, "funder": "lex", "body": {}, "times": 3 }),
    )
    .json();
    let statuses: Vec<_> = sent["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["status"].clone())
        .collect();
    assert_eq!(statuses, [503, 200, 200]);
    let received = served.join().unwrap();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        assert_eq!(received[0].header(name), received[2].header(name));
    }
}

#[test]
fn refuses_a_webhook_request_that_is_not_valid() {
    let simulators = Simulators::start();
    let gone = send(
        &simulators,
        &json!({ "url": "http://127.0.0.1:9/", "funder": "lex", "body": {} }),
    );
    assert!(gone.json()["deliveries"][0]["error"].is_string(), "{}", gone.text);
    let unknown = send(&simulators, &json!({ "url": "", "funder": "LEX", "body": {} }));
    assert_eq!(unknown.status, 404);
    for request in [
        json!({ "url": "http://127.0.0.1:9/", "funder": "lex" }),
        json!({ "url": "http://127.0.0.1:9/", "funder": "lex", "body": {}, "sign": false }),
        json!({ "url": "http://127.0.0.1:9/", "funder": "lex", "body": {}, "times": 0 }),
        json!({ "url": "http://127.0.0.1:9/", "funder": "lex", "body": {}, "secret": "plain" }),
        json!({ "url": "http://127.0.0.1:9/", "funder": "lex", "body": {}, "secret": "whsec_!" }),
    ] {
        let refused = send(&simulators, &request);
        assert_eq!(
            (refused.status, &refused.error()["code"]),
            (400, &json!("BAD_WEBHOOK")),
            "{request}"
        );
    }
}
