//! The recorder's limits.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};

use crate::partner::IncomingRequest;
use crate::recorder::Recorder;

#[test]
fn keeps_the_newest_calls_only() {
    let recorder = Recorder::new([("lex", "quote")].into_iter());
    let request = |path: &str, size: usize| IncomingRequest {
        at: jiff::Timestamp::UNIX_EPOCH,
        method: Method::POST,
        uri: path.parse::<Uri>().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from(vec![b'x'; size]),
    };
    for index in 0..10_005 {
        recorder
            .record(("lex", "quote"), &request(&format!("/lex/{index}"), 0), true)
            .call
            .set_status(StatusCode::OK);
    }
    let calls = recorder.calls(("lex", "quote"), None);
    assert_eq!(calls.len(), 10_000);
    assert_eq!(serde_json::to_value(&*calls[0]).unwrap()["path"], "/lex/5");
    for _ in 0..70 {
        recorder.record(("lex", "quote"), &request("/lex/large", 2 * 1024 * 1024), true);
    }
    assert_eq!(recorder.calls(("lex", "quote"), None).len(), 63);
}
