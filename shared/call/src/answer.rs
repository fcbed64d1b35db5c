//! A partner's answer, and the meaning of its status before an adapter reads the body.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use model::error::Field;
use model::json::typed::read_value;
use model::json::without_bom;
use model::{Error, Kind, Result};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The hub keeps this many characters of a reason.
const REASON_LIMIT: usize = 200;

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub received_at: Timestamp,
}

impl Answer {
    /// The body of a success, or the failure that the status stands for. The adapter adds the details of 400 and 422.
    pub fn accepted(&self) -> Result<&Bytes> {
        let wait = retry_after(&self.headers, self.received_at);
        let kind = match self.status.as_u16() {
            200..=299 => return Ok(&self.body),
            400 | 422 => Kind::PartnerRejected,
            401 | 403 => Kind::PartnerAuth,
            429 => Kind::PartnerThrottled,
            503 if wait.is_some() => Kind::PartnerThrottled,
            500..=599 => Kind::PartnerError,
            _ => Kind::PartnerBadResponse,
        };
        Err(Error::new(kind, format!("the partner answered {}", self.status)).retry_after(wait))
    }
}

/// How long `Retry-After` asks to wait: seconds or an HTTP date. Anything else, or a date in the past, is no wait.
pub fn retry_after(headers: &HeaderMap, received_at: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let then = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(then.duration_since(received_at)).ok()
}

/// Reads JSON. The error names the path of a mistake and never its value. It names no path where the text is no JSON: the
/// member could have its name from a caller.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let unreadable = |what: String| {
        let message = format!("the partner's answer cannot be read: {what}");
        Error::new(Kind::PartnerBadResponse, message)
    };
    let raw: &RawValue = serde_json::from_slice(without_bom(body)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        unreadable(format!("{:?} error at line {line} column {column}", error.classify()))
    })?;
    read_value(raw).map_err(|Field { path, message }| unreadable(format!("`{path}` {message}")))
}

/// A partner's code for a failure, if it is a word for programs. Free text could contain personal data.
pub fn code(text: &str) -> Option<Box<str>> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_word = (1..=64).contains(&text.len()) && text.bytes().all(plain);
    is_word.then(|| text.into())
}

/// The beginning of a partner's reason for a refusal.
pub fn reason(text: &str) -> String {
    text.chars().take(REASON_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_word() {
        assert_eq!(code("value_error.missing").as_deref(), Some("value_error.missing"));
        for text in ["", "John Doe", "caf\u{e9}", "a/b", &"x".repeat(65)] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        assert_eq!(reason("short"), "short");
        assert_eq!(reason(&"\u{e9}".repeat(201)), "\u{e9}".repeat(200));
    }

    fn answer(status: u16, retry_after: Option<&str>) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(text) = retry_after {
            headers.insert(header::RETRY_AFTER, text.parse().unwrap());
        }
        let received_at = "2026-01-05T10:00:00Z".parse().unwrap();
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::new(),
            received_at,
        }
    }

    #[test]
    fn a_status_stands_for_one_kind_of_failure() {
        let kind = |status, wait| answer(status, wait).accepted().unwrap_err().kind;
        assert!(answer(200, None).accepted().is_ok());
        assert_eq!(kind(400, None), Kind::PartnerRejected);
        assert_eq!(kind(422, None), Kind::PartnerRejected);
        assert_eq!(kind(401, None), Kind::PartnerAuth);
        assert_eq!(kind(403, None), Kind::PartnerAuth);
        assert_eq!(kind(429, None), Kind::PartnerThrottled);
        assert_eq!(kind(500, None), Kind::PartnerError);
        assert_eq!(kind(503, None), Kind::PartnerError);
        assert_eq!(kind(503, Some("2")), Kind::PartnerThrottled);
        assert_eq!(kind(302, None), Kind::PartnerBadResponse);
        assert_eq!(kind(404, None), Kind::PartnerBadResponse);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_nonsense_is_ignored() {
        let wait = |text| {
            let answer = answer(429, Some(text));
            retry_after(&answer.headers, answer.received_at).map(|wait| wait.as_secs())
        };
        assert_eq!(wait("7"), Some(7));
        assert_eq!(wait(" 0 "), Some(0));
        assert_eq!(wait("Mon, 05 Jan 2026 10:00:09 GMT"), Some(9));
        assert_eq!(wait("Mon, 05 Jan 2026 09:59:00 GMT"), None, "already past");
        for nonsense in ["-1", "soon", "1.5", ""] {
            assert_eq!(wait(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_mistake_is_named_by_its_place_and_not_by_its_value() {
        #[derive(Debug, serde::Deserialize)]
        struct Inner {
            #[allow(dead_code, reason = "only its type matters")]
            count: u32,
        }
        let error = read::<Inner>(br#"{"count":"secret"}"#).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerBadResponse);
        assert!(
            error.message.contains("`count`") && !error.message.contains("secret"),
            "{}",
            error.message
        );
        for broken in [
            r#"{"John":x}"#,
            r#"{"count":1,"John":["#,
            r#"{"count":1,"John":{"Doe":x}}"#,
        ] {
            let error = read::<Inner>(broken.as_bytes()).unwrap_err();
            assert!(!error.message.contains("John"), "{}", error.message);
        }
        assert!(read::<Inner>(br#"{"count":1} trailing"#).is_err());
    }

    #[test]
    fn an_array_is_no_object_at_any_depth_and_a_whole_number_is_whole() {
        #[derive(Debug, serde::Deserialize)]
        struct Inner {
            count: u32,
            #[serde(default)]
            is_known: bool,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            inner: Inner,
            #[serde(default)]
            more: Vec<Inner>,
        }
        let good = read::<Outer>(br#"{"inner":{"count":3.60e1,"is_known":null},"more":null}"#).unwrap();
        assert_eq!((good.inner.count, good.inner.is_known, good.more.len()), (36, false, 0));
        for (answer, path) in [
            (r#" [{"count":1},[]]"#, "``"),
            (r#"{"inner":[1,true]}"#, "`inner`"),
            (r#"{"inner":{"count":1},"more":[{"count":1},[1,true]]}"#, "`more[1]`"),
            (r#"{"inner":{"count":1.5}}"#, "`inner.count`"),
            (r#"{"inner":{"count":null}}"#, "`inner.count`"),
        ] {
            let error = read::<Outer>(answer.as_bytes()).unwrap_err();
            assert!(error.message.contains(path), "{answer}: {}", error.message);
        }
    }
}
