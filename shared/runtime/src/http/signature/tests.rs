//! The published vector, and everything that must not pass for it.

use http::HeaderValue;

use super::*;

const BODY: &str = r#"{"test": 2432232314}"#;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const MESSAGE: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SENT: i64 = 1_614_265_330;
const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
    [(ID, id), (TIMESTAMP, timestamp), (SIGNATURE, signature)]
        .map(|(name, value)| (name, HeaderValue::from_bytes(value.as_bytes()).unwrap()))
        .into_iter()
        .collect()
}

fn golden() -> HeaderMap {
    headers(MESSAGE, &SENT.to_string(), SIGNED)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn kind(secrets: &str, headers: &HeaderMap, body: &str) -> Option<Kind> {
    let verified = verify(secrets, headers, body.as_bytes(), at(SENT));
    verified.err().map(|error| error.kind)
}

#[test]
fn the_published_vector() {
    assert_eq!(sign(SECRET, MESSAGE, SENT, BODY.as_bytes()).unwrap(), SIGNED);
    let id = verify(SECRET, &golden(), BODY.as_bytes(), at(SENT)).unwrap();
    assert_eq!(id, MESSAGE);
}

#[test]
fn secrets_are_rotated_on_either_side() {
    for secrets in [
        format!("{OTHER} {SECRET}"),
        format!("{SECRET}\n{OTHER}\n"),
        format!(" {SECRET}"),
    ] {
        assert_eq!(kind(&secrets, &golden(), BODY), None, "{secrets:?}");
    }
    let foreign = sign(OTHER, MESSAGE, SENT, BODY.as_bytes()).unwrap();
    for list in [
        format!("{foreign} {SIGNED}"),
        format!("v1a,AAAA {SIGNED}"),
        format!("v1,!!! {SIGNED} {foreign}"),
    ] {
        let headers = headers(MESSAGE, &SENT.to_string(), &list);
        assert_eq!(kind(SECRET, &headers, BODY), None, "{list}");
    }
}

#[test]
fn five_minutes_either_way() {
    for (now, accepted) in [
        (SENT - 301, false),
        (SENT - 300, true),
        (SENT + 300, true),
        (SENT + 301, false),
    ] {
        let verified = verify(SECRET, &golden(), BODY.as_bytes(), at(now));
        assert_eq!(verified.is_ok(), accepted, "{now}");
    }
}

#[test]
fn whatever_is_changed_is_refused() {
    let sent = SENT.to_string();
    let foreign = sign(OTHER, MESSAGE, SENT, BODY.as_bytes()).unwrap();
    let bare = SIGNED.strip_prefix("v1,").unwrap();
    let lower = SIGNED.to_ascii_lowercase();
    let short = format!("v1,{}", &bare[..40]);
    let many = format!("{}{SIGNED}", format!("{foreign} ").repeat(TRIED));
    for (id, timestamp, signature) in [
        ("msg_other", sent.as_str(), SIGNED),
        ("", &sent, SIGNED),
        (MESSAGE, "1614265331", SIGNED),
        (MESSAGE, "", SIGNED),
        (MESSAGE, "now", SIGNED),
        (MESSAGE, "+1614265330", SIGNED),
        (MESSAGE, "-1614265330", SIGNED),
        (MESSAGE, " 1614265330", SIGNED),
        (MESSAGE, "1614265330.0", SIGNED),
        (MESSAGE, "99999999999999999999", SIGNED),
        (MESSAGE, &sent, ""),
        (MESSAGE, &sent, "v1,"),
        (MESSAGE, &sent, bare),
        (MESSAGE, &sent, &foreign),
        (MESSAGE, &sent, &lower),
        (MESSAGE, &sent, &short),
        (MESSAGE, &sent, &many),
        (MESSAGE, &sent, "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        (MESSAGE, &sent, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        (MESSAGE, &sent, "\u{e9}"),
    ] {
        let headers = headers(id, timestamp, signature);
        let refused = kind(SECRET, &headers, BODY);
        assert_eq!(refused, Some(Kind::Unauthenticated), "{id} {timestamp} {signature}");
    }
    for body in ["", "{}", r#"{"test":2432232314}"#, "{\"test\": 2432232314}\n"] {
        assert_eq!(kind(SECRET, &golden(), body), Some(Kind::Unauthenticated), "{body}");
    }
    assert_eq!(kind(OTHER, &golden(), BODY), Some(Kind::Unauthenticated));
}

#[test]
fn a_header_that_is_missing_or_doubled_is_refused() {
    for name in [ID, TIMESTAMP, SIGNATURE] {
        let mut headers = golden();
        let value = headers.remove(&name).unwrap();
        assert_eq!(kind(SECRET, &headers, BODY), Some(Kind::Unauthenticated), "{name}");
        headers.append(&name, value.clone());
        headers.append(&name, value);
        assert_eq!(kind(SECRET, &headers, BODY), Some(Kind::Unauthenticated), "{name}");
    }
}

#[test]
fn a_full_stop_cannot_move_the_borders() {
    let body = format!("{SENT}.{{}}");
    let signature = sign(SECRET, "msg", 5, body.as_bytes()).unwrap();
    let moved = headers("msg.5", &SENT.to_string(), &signature);
    assert_eq!(kind(SECRET, &moved, "{}"), Some(Kind::Unauthenticated));
}

#[test]
fn without_a_usable_secret_nothing_is_accepted() {
    for secrets in [
        "",
        "  \n",
        "whsec_",
        "whsec_!",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        &format!("{SECRET} broken"),
    ] {
        let refused = verify(secrets, &golden(), BODY.as_bytes(), at(SENT)).unwrap_err();
        assert_eq!(refused.kind.rule().status, 503, "{secrets:?}");
        assert!(!refused.to_string().contains("MfKQ"), "a secret is not repeated");
    }
}

#[test]
fn a_new_secret_is_long_and_never_the_same() {
    let (one, two) = (secret().unwrap(), secret().unwrap());
    assert_ne!(one, two);
    let bytes = BASE64_STANDARD.decode(one.strip_prefix("whsec_").unwrap()).unwrap();
    assert_eq!(bytes.len(), 32);
    let signature = sign(&one, "id", SENT, b"{}").unwrap();
    let headers = headers("id", &SENT.to_string(), &signature);
    assert_eq!(kind(&one, &headers, "{}"), None);
    assert_eq!(kind(&two, &headers, "{}"), Some(Kind::Unauthenticated));
}
