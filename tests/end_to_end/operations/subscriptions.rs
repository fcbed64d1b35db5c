//! From an event on the bus to a signed request at a receiver, which is the test.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::event::EventType;
use model::id::EventId;
use runtime::http::signature;
use runtime::port::bus::Event;
use runtime::port::clock::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::lock::Domain::Operations;
use crate::stack::{HubResponse, Stack};

const SUBSCRIPTIONS: &str = "/api/integration/subscriptions";
const DELIVERIES: &str = "/api/integration/deliveries";
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Receives one request.
async fn request(listener: &TcpListener) -> (HeaderMap, String, TcpStream) {
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
                return (headers, body.to_owned(), socket);
            }
        }
        let count = socket.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the request breaks off");
        read.extend_from_slice(&buffer[..count]);
    }
}

/// Waits for the request of the test's own event and sends this response to it. Proposals of other tests may be referred at
/// the same time, and their events are accepted.
async fn receive(listener: &TcpListener, data: &Value, answer: &[u8]) -> (HeaderMap, String) {
    let own = async {
        loop {
            let (headers, body, mut socket) = request(listener).await;
            let event: Value = serde_json::from_str(&body).unwrap();
            let is_own = event["data"] == *data;
            let answer = if is_own { answer } else { b"HTTP/1.1 204 Taken\r\n\r\n" };
            socket.write_all(answer).await.unwrap();
            if is_own {
                return (headers, body);
            }
        }
    };
    timeout(RECEIVE_TIMEOUT, own).await.unwrap()
}

#[tokio::test]
async fn an_event_is_signed_and_retried() {
    let stack = Stack::shared(&[Operations]).await;
    let admin = stack.token("ann", "ann@example.com", &["admin"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let body = json!({"url": url, "eventTypes": ["proposal.referred"]}).to_string();
    let made = stack.send(Method::POST, SUBSCRIPTIONS, &admin, Some(&body), &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (id, secret) = (made.json()["data"]["id"].clone(), made.json()["data"]["secret"].clone());

    let now = Clock::System.now();
    let proposal = uuid::Uuid::new_v4();
    let data = json!({"proposalId": proposal, "status": "REFERRED"});
    let event = Event::new(EventId::new(now), EventType::ProposalReferred, now, &data).unwrap();
    stack.ports().bus.publish(vec![event.clone()]).await.unwrap();
    let (first, _) = receive(&listener, &data, b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\n\r\n").await;
    let (second, body) = receive(&listener, &data, b"HTTP/1.1 204 Taken\r\n\r\n").await;
    assert_eq!(first["webhook-id"], second["webhook-id"]);
    signature::verify(secret.as_str().unwrap(), &second, body.as_bytes(), Clock::System.now()).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["type"], &body["data"]), (&json!("proposal.referred"), &data));

    let path = format!("{DELIVERIES}?status=DELIVERED&subscriptionId={}", id.as_str().unwrap());
    let delivered = |got: &HubResponse| {
        let deliveries = got.json()["data"].clone();
        let mut deliveries = deliveries.as_array().unwrap().iter();
        deliveries.any(|delivery| delivery["attempts"] == 2)
    };
    stack.until(&path, &admin, delivered).await;
    let gone = format!("{SUBSCRIPTIONS}/{}", id.as_str().unwrap());
    assert_eq!(stack.send(Method::DELETE, &gone, &admin, None, &[]).await.status, 204);
}

#[tokio::test]
async fn an_internal_address_is_refused() {
    let stack = Stack::shared(&[Operations]).await;
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
