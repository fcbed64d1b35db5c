//! From an event on the bus to a signed request at a receiver, which is this test.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::event::EventType;
use model::id::EventId;
use runtime::bus::Event;
use runtime::clock::Clock;
use runtime::signature;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::stack::Stack;

const SUBSCRIPTIONS: &str = "/api/integration/subscriptions";
const DELIVERIES: &str = "/api/integration/deliveries";
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes one request and answers it so.
async fn request(listener: &TcpListener, answer: &[u8]) -> (HeaderMap, String) {
    let (mut socket, _) = listener.accept().await.unwrap();
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
            let headers: HeaderMap = pairs
                .map(|(name, value)| {
                    (
                        HeaderName::try_from(name).unwrap(),
                        HeaderValue::from_str(value).unwrap(),
                    )
                })
                .collect();
            if body.len() == headers["content-length"].to_str().unwrap().parse::<usize>().unwrap() {
                socket.write_all(answer).await.unwrap();
                return (headers, body.to_owned());
            }
        }
        let count = socket.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the request breaks off");
        read.extend_from_slice(&buffer[..count]);
    }
}

#[tokio::test]
async fn an_event_reaches_its_subscriber_signed_and_is_tried_again() {
    let stack = Stack::begin().await;
    let admin = stack.token("ann", "ann@example.com", &["admin"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let body = json!({"url": url, "eventTypes": ["proposal.referred"]}).to_string();
    let made = stack.send(Method::POST, SUBSCRIPTIONS, &admin, Some(&body), &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (id, secret) = (made.json()["id"].clone(), made.json()["secret"].clone());

    let now = Clock::System.now();
    let data = json!({"proposalId": "0190d5a0-0000-7000-8000-000000000001", "status": "REFERRED"});
    let event = Event::new(EventId::new(now), EventType::ProposalReferred, now, &data).unwrap();
    stack.ports().bus.publish(vec![event.clone()]).await.unwrap();
    let refused = request(&listener, b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\n\r\n");
    let (first, _) = timeout(PATIENCE, refused).await.unwrap();
    let taken = request(&listener, b"HTTP/1.1 204 Taken\r\n\r\n");
    let (second, body) = timeout(PATIENCE, taken).await.unwrap();
    assert_eq!(first["webhook-id"], second["webhook-id"]);
    signature::verify(secret.as_str().unwrap(), &second, body.as_bytes(), Clock::System.now()).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["type"], &body["data"]), (&json!("proposal.referred"), &data));

    let path = format!("{DELIVERIES}?status=DELIVERED&subscriptionId={}", id.as_str().unwrap());
    for _ in 0..20 {
        let listed = stack.send(Method::GET, &path, &admin, None, &[]).await;
        if listed.json()["deliveries"][0]["attempts"] == 2 {
            let gone = format!("{SUBSCRIPTIONS}/{}", id.as_str().unwrap());
            assert_eq!(stack.send(Method::DELETE, &gone, &admin, None, &[]).await.status, 204);
            return;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("the delivery was not written down");
}

#[tokio::test]
async fn an_address_inside_is_not_called() {
    let stack = Stack::begin().await;
    let admin = stack.token("ann", "ann@example.com", &["admin"]);
    for url in [
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "http://hooks.example.com/",
    ] {
        let body = json!({"url": url, "eventTypes": ["quote.generated"]}).to_string();
        let refused = stack.send(Method::POST, SUBSCRIPTIONS, &admin, Some(&body), &[]).await;
        assert_eq!(refused.status, 422, "{url}: {}", refused.text);
    }
}
