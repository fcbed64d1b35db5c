//! Which rows reach the log when a store refuses what is too large for it.

use bytes::Bytes;
use call::Auth;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::*;
use crate::port::clock::Clock;
use crate::port::store::{Memory, typed};

fn tracer(store: &Arc<Memory>) -> Tracer {
    Tracer::new(store.clone(), Some("log".to_owned()), Redactor::new("key"))
}

/// A call with this body, which was answered with the same.
fn attempt(tracer: &Tracer, body: &str) -> Attempt {
    let auth = Auth::ApiKey {
        header: "x-api-key",
        secret: "KEY",
    };
    let target = Target::new("LEX", "SANDBOX", "http://lex.test", "secret", auth);
    let clock = Clock::starting("2026-01-05T10:20:00Z".parse().unwrap());
    let context = CallContext {
        correlation: CorrelationId::new(clock.now()),
        clock,
        deadline: Instant::now() + Duration::from_secs(10),
        background: true,
        failed_before: 0,
    };
    let body = Bytes::from(body.to_owned());
    let call = Call::new(http::Method::POST, "/quotes", "quote", body.clone(), true).unwrap();
    let answer = Answer {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body,
        received_at: clock.now(),
    };
    let row = tracer.attempt(&target, context, &call);
    tracer.answered(row, &target, &call, &answer)
}

fn logged(store: &Memory) -> Vec<Attempt> {
    let rows = store.table("log").into_iter();
    rows.map(|row| typed(row).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_with_many_small_numbers_is_logged() {
    let store = Arc::new(Memory::default());
    let tracer = tracer(&store);
    let numbers: Vec<String> = (0..12_000).map(|n| n.to_string()).collect();
    let body = format!("[{}]", numbers.join(","));
    assert!((60_000..70_000).contains(&body.len()));
    tracer.keep(attempt(&tracer, &body));
    tracer.keep(attempt(&tracer, "{}"));
    tracer.flush().await;
    let rows = logged(&store);
    assert_eq!(rows.len(), 2);
    let large = rows.iter().find(|row| row.request != "{}").unwrap();
    for text in [&large.request, large.response.as_ref().unwrap()] {
        assert!(text.len() <= 32 * 1024 && text.ends_with(r#""truncated"]"#));
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_refused_takes_no_other_with_it() {
    let store = Arc::new(Memory::default());
    let tracer = tracer(&store);
    let large = Attempt {
        error: Some("x".repeat(400 * 1024)),
        ..attempt(&tracer, "{}")
    };
    let rows = [attempt(&tracer, "{}"), large.clone(), attempt(&tracer, "{}")];
    assert_eq!(lost(store.as_ref(), "log", &rows).await.len(), 1);
    assert_eq!(logged(&store).len(), 2);
    assert_eq!(lost(store.as_ref(), "log", &[large]).await.len(), 1);
    store.set_down(true);
    assert_eq!(lost(store.as_ref(), "log", &rows).await.len(), 3);
}
