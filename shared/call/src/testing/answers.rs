//! Answers that a partner might give.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;

use crate::Answer;

pub fn answer(status: u16, body: impl AsRef<[u8]>) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_ref()),
        received_at: Timestamp::UNIX_EPOCH,
    }
}

/// With `Retry-After`, in seconds.
pub fn throttled(status: u16, seconds: u64) -> Answer {
    let mut answer = answer(status, "");
    answer.headers.insert(header::RETRY_AFTER, seconds.into());
    answer
}

/// Bodies that no reader may take for a success.
pub fn garbage() -> Vec<Vec<u8>> {
    let texts = [
        "",
        " ",
        "null",
        "true",
        "7",
        "\"text\"",
        "[]",
        "[null]",
        "[{}]",
        "{}",
        "{}{}",
        "{",
        "{\"a\"}",
        "\u{feff}{}",
        "<html></html>",
    ];
    let deep = 100_000;
    let huge = [
        "x".repeat(2 << 20),
        format!("\"{}\"", "x".repeat(2 << 20)),
        "[".repeat(deep),
        "{\"a\":".repeat(deep),
        format!("{}{}", "[".repeat(deep), "]".repeat(deep)),
    ];
    let mut bodies: Vec<Vec<u8>> = texts.into_iter().map(Into::into).collect();
    bodies.extend(huge.map(String::into_bytes));
    bodies.extend([vec![0xff, 0xfe, 0x00], vec![0x00]]);
    bodies
}
