//! The wire itself against real sockets. What is built on it is held by the failure table in `functions/funders`.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use jiff::Timestamp;
use model::{Kind, Result};

use super::Wire;
use crate::http::signature;
use crate::port::config::Config;
use crate::port::transport::{MAX_ANSWER_BYTES, Transport};

/// A server that reads one request and then writes these bytes, or just hangs up.
async fn server(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = socket.read(&mut request).await.unwrap();
        let _ = socket.write_all(&answer).await;
    });
    format!("http://{address}")
}

async fn ask(url: &str) -> Result<(StatusCode, HeaderMap, Bytes)> {
    let loopback = [("EGRESS_ALLOW", "127.0.0.1,localhost")].into_iter().collect();
    ask_with(loopback, url).await
}

async fn ask_with(config: Config, url: &str) -> Result<(StatusCode, HeaderMap, Bytes)> {
    let request = Request::post(format!("{url}/quotes"))
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    Wire::new(config).send(request, MAX_ANSWER_BYTES).await
}

/// A request as the hub sends it to an address that an admin chose.
fn callback(url: &str) -> Request<Bytes> {
    let secret = signature::secret().unwrap();
    signature::request(url, &secret, "id", Timestamp::UNIX_EPOCH, Bytes::new()).unwrap()
}

fn kind(result: Result<(StatusCode, HeaderMap, Bytes)>) -> Kind {
    result.err().unwrap().kind
}

#[tokio::test]
async fn an_answer_is_passed_on_as_it_came() {
    let url = server(b"HTTP/1.1 503 Busy\r\nretry-after: 3\r\ncontent-length: 2\r\n\r\nno".to_vec()).await;
    let (status, headers, body) = ask(&url).await.unwrap();
    assert_eq!(
        (status.as_u16(), headers["retry-after"].to_str().unwrap(), &body[..]),
        (503, "3", b"no".as_slice())
    );
}

#[tokio::test]
async fn an_unreachable_server_is_not_a_lost_answer() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(kind(ask(&format!("http://{closed}")).await), Kind::PartnerUnreachable);
    assert_eq!(kind(ask("https://name.invalid").await), Kind::PartnerUnreachable);
    let plain = server(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()).await;
    assert_eq!(
        kind(ask(&plain.replace("http", "https")).await),
        Kind::PartnerUnreachable,
        "no TLS there"
    );
    assert_eq!(kind(ask(&server(Vec::new()).await).await), Kind::PartnerReset);
    let cut = server(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()).await;
    assert_eq!(
        kind(ask(&cut).await),
        Kind::PartnerReset,
        "an answer that breaks off is no answer"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let url = server(b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    assert_eq!(ask(&url).await.unwrap().0, 307);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(2 * 1024 * 1024, b'x');
    assert_eq!(kind(ask(&server(endless).await).await), Kind::PartnerBadResponse);
}

#[tokio::test]
async fn a_notified_server_is_believed_by_its_head() {
    let mut endless = b"HTTP/1.1 202 Taken\r\nretry-after: 3\r\n\r\n".to_vec();
    endless.resize(2 * 1024 * 1024, b'x');
    let cut = b"HTTP/1.1 202 Taken\r\nretry-after: 3\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    for answer in [endless, cut] {
        let loopback = [("CALLBACK_ALLOW", "127.0.0.1")].into_iter().collect();
        let request = callback(&server(answer).await);
        let (status, headers) = Wire::new(loopback).notify(request).await.unwrap();
        assert_eq!((status.as_u16(), &headers["retry-after"]), (202, &"3".parse().unwrap()));
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = Wire::new(Config::default())
        .notify(callback(&format!("http://{closed}")))
        .await;
    assert_eq!(
        refused.unwrap_err().kind,
        Kind::Misconfigured,
        "addresses are checked here too"
    );
}

#[tokio::test]
async fn an_answer_may_have_as_many_bytes_as_its_target_allows() {
    for (max_bytes, fits) in [(10, true), (9, false)] {
        let url = server(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789".to_vec()).await;
        let loopback = [("EGRESS_ALLOW", "127.0.0.1")].into_iter().collect();
        let request = Request::get(url).body(Bytes::new()).unwrap();
        let answer = Wire::new(loopback).send(request, max_bytes).await;
        assert_eq!(answer.is_ok(), fits, "{max_bytes}");
    }
}

#[tokio::test]
async fn what_is_not_public_is_not_called_unless_it_is_named() {
    let url = server(b"HTTP/1.1 204 Fine\r\n\r\n".to_vec()).await;
    let port = url.rsplit(':').next().unwrap();
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ] {
        let refused = kind(ask_with(Config::default(), &format!("http://{host}:{port}")).await);
        assert_eq!(refused, Kind::Misconfigured, "{host}");
    }
    let named = format!("http://localhost:{port}");
    assert_eq!(kind(ask_with(Config::default(), &named).await), Kind::Misconfigured);
    let encrypted = named.replace("http", "https");
    let refused = ask_with(Config::default(), &encrypted).await.unwrap_err();
    assert_eq!(refused.kind, Kind::PartnerUnreachable, "its address is looked at");
    assert!(refused.chain().contains("not public"));
    assert_eq!(ask(&named).await.unwrap().0, 204, "and no call came before");
}

#[tokio::test]
async fn partners_and_callbacks_are_called_by_a_list_each() {
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let url = server(b"HTTP/1.1 204 Fine\r\n\r\n".to_vec()).await;
        let url = url.replace("127.0.0.1", host);
        let wire = |list: &'static str| Wire::new([(list, "127.0.0.1,localhost")].into_iter().collect());
        let partner = || Request::post(&url).body(Bytes::new()).unwrap();
        let of_other_list = [
            wire("CALLBACK_ALLOW").send(partner(), MAX_ANSWER_BYTES).await,
            wire("EGRESS_ALLOW").send(callback(&url), MAX_ANSWER_BYTES).await,
        ];
        for refused in of_other_list {
            assert_eq!(kind(refused), Kind::Misconfigured, "{url}");
        }
        let notified = wire("EGRESS_ALLOW").notify(callback(&url)).await;
        assert_eq!(notified.unwrap_err().kind, Kind::Misconfigured, "{url}");
        // The name of an address over TLS is looked up, by the same list.
        if host == "localhost" {
            let encrypted = callback(&url.replace("http", "https"));
            let refused = wire("EGRESS_ALLOW").send(encrypted, MAX_ANSWER_BYTES).await;
            assert!(refused.unwrap_err().chain().contains("not public"));
        }
        // No call came before: the server takes one.
        let taken = if host == "localhost" {
            wire("EGRESS_ALLOW").send(partner(), MAX_ANSWER_BYTES).await
        } else {
            wire("CALLBACK_ALLOW").send(callback(&url), MAX_ANSWER_BYTES).await
        };
        assert_eq!(taken.unwrap().0, 204, "{url}");
    }
}
