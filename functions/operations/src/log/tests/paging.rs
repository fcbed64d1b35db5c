//! The pages of a list together have every row once, wherever the rows are.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use runtime::testing::Fault;
use serde_json::Value;

use super::{all, ask};
use crate::log::fixtures::{LoggedCall, NOW, correlation};
use crate::testing::harness;

/// Times as they come: in bursts of the same millisecond, around the hours, and days apart.
fn time() -> impl Strategy<Value = Timestamp> {
    let now: Timestamp = NOW.parse().unwrap();
    let back = prop_oneof![
        0..20_i64,
        0..7_200_000_i64,
        (0..300_i64, -2..3_i64).prop_map(|(hours, millis)| hours * 3_600_000 + 1_200_000 + millis),
        0..2_592_000_000_i64,
    ];
    back.prop_map(move |millis| now - SignedDuration::from_millis(millis))
}

fn row() -> impl Strategy<Value = LoggedCall> {
    let lane = prop_oneof![
        4 => Just(("LEX", "SANDBOX")),
        1 => Just(("LEX", "LIVE")),
        1 => Just(("MMOB", "MARKETPLACE")),
        1 => Just(("BQS", "UPSTREAM")),
    ];
    let status = prop_oneof![Just("SUCCESS"), Just("RETRY"), Just("FAILED")];
    (time(), lane, status, 0..3_u8).prop_map(|(at, (partner, environment), status, correlation)| LoggedCall {
        at,
        partner,
        environment,
        status,
        correlation,
        ..LoggedCall::at(NOW)
    })
}

#[derive(Clone, Debug)]
struct Filter {
    partner: Option<&'static str>,
    environment: Option<&'static str>,
    status: Option<&'static str>,
    correlation: Option<u8>,
    from: Timestamp,
    limit: usize,
}

fn filter() -> impl Strategy<Value = Filter> {
    let lane = prop_oneof![
        4 => Just((None, None)),
        2 => Just((None, Some("LIVE"))),
        2 => Just((None, Some("SANDBOX"))),
        1 => Just((Some("LEX"), None)),
        1 => Just((Some("BQS"), Some("UPSTREAM"))),
    ];
    let status = prop_oneof![2 => Just(None), 1 => Just(Some("FAILED"))];
    let correlation = prop_oneof![2 => Just(None), 1 => (0..3_u8).prop_map(Some)];
    let limit = prop_oneof![1..4_usize, 1..101_usize];
    let parts = (lane, status, correlation, time(), limit);
    parts.prop_map(|((partner, environment), status, correlation, from, limit)| Filter {
        partner,
        environment,
        status,
        correlation,
        from,
        limit,
    })
}

impl Filter {
    fn query(&self) -> String {
        let mut query = format!("from={}&limit={}", self.from, self.limit);
        let named = [
            ("partner", self.partner),
            ("environment", self.environment),
            ("status", self.status),
        ];
        for (name, value) in named.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            query += &format!("&{name}={value}");
        }
        if let Some(n) = self.correlation {
            query += &format!("&correlationId={}", correlation(n));
        }
        query
    }

    fn wants(&self, row: &LoggedCall) -> bool {
        row.at >= self.from
            && self.partner.is_none_or(|partner| partner == row.partner)
            && self
                .environment
                .is_none_or(|environment| environment == row.environment)
            && self.status.is_none_or(|status| status == row.status)
            && self
                .correlation
                .is_none_or(|correlation| correlation == row.correlation)
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn pages_are_complete_and_in_order() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let config = Config {
        cases: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (prop::collection::vec(row(), 0..150), prop::collection::vec(filter(), 3));
    let result = TestRunner::new(config).run(&strategy, |(rows, filters)| {
        runtime.block_on(async {
            let h = harness();
            let mut written = Vec::new();
            for row in rows {
                written.push((row.write(&h).await.to_string(), row));
            }
            for filter in filters {
                let wanted = written.iter().filter(|(_, row)| filter.wants(row));
                let mut expected: Vec<String> = wanted.map(|(id, _)| id.clone()).collect();
                expected.sort_unstable_by(|a, b| b.cmp(a));
                let found = ids(&all(&h, &filter.query()).await);
                prop_assert_eq!(found, expected, "{}", filter.query());
            }
            Ok::<(), TestCaseError>(())
        })
    });
    result.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_full_page_has_a_cursor_and_the_last_has_none() {
    let h = harness();
    for n in 0..45 {
        LoggedCall::at(&format!("2026-01-05T10:00:{n:02}Z")).write(&h).await;
    }
    let mut sizes = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ask(&h, "logs", &cursor).await.json();
        assert_eq!(
            (&page["success"], &page["message"]),
            (&true.into(), &"Integration log".into())
        );
        sizes.push(page["data"].as_array().unwrap().len());
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("cursor={next}");
    }
    assert_eq!(sizes, [20, 20, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_long_period_without_rows_is_read_in_several_requests() {
    let h = harness();
    LoggedCall::at("2025-12-07T00:00:00Z").write(&h).await;
    let query = "from=2025-12-06T10:20:01Z";
    let first = ask(&h, "logs", query).await.json();
    assert_eq!(
        first["data"].as_array().unwrap().len(),
        0,
        "a short page rather than a slow one"
    );
    assert!(first["nextCursor"].is_string());
    assert_eq!(all(&h, query).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_passes_over_many_rows_stops_and_its_cursor_goes_on() {
    let h = harness();
    let start: Timestamp = "2026-01-05T09:00:00Z".parse().unwrap();
    for n in 0..2_500 {
        let status = if n == 0 { "FAILED" } else { "SUCCESS" };
        let at = start + SignedDuration::from_millis(n);
        LoggedCall {
            at,
            status,
            ..LoggedCall::at(NOW)
        }
        .write(&h)
        .await;
    }
    let first = ask(&h, "logs", "status=FAILED").await.json();
    assert_eq!(first["data"].as_array().unwrap().len(), 0);
    assert!(first["nextCursor"].is_string());
    assert_eq!(all(&h, "status=FAILED").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_busy_lane_beside_a_quiet_one_repeats_nothing() {
    let h = harness();
    let start: Timestamp = "2026-01-05T10:00:00Z".parse().unwrap();
    let mut written = Vec::new();
    for n in 0..300 {
        let row = LoggedCall {
            at: start + SignedDuration::from_millis(n),
            environment: if n < 50 { "LIVE" } else { "SANDBOX" },
            status: if n >= 50 && n % 2 == 0 { "SUCCESS" } else { "FAILED" },
            ..LoggedCall::at(NOW)
        };
        let id = row.write(&h).await;
        if row.status == "FAILED" {
            written.push(id.to_string());
        }
    }
    written.sort_unstable_by(|a, b| b.cmp(a));
    for limit in [1, 7, 100] {
        let query = format!("status=FAILED&limit={limit}");
        assert_eq!(ids(&all(&h, &query).await), written, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_forged_cursor_begins_at_its_place() {
    let h = harness();
    LoggedCall::at("2026-01-05T10:00:00Z").write(&h).await;
    for (cursor, count) in [("AAAAAAAAAAAAAAAAAAAAAA", 0), ("_____________________w", 1)] {
        let page = ask(&h, "logs", &format!("cursor={cursor}")).await.json();
        assert_eq!(page["data"].as_array().unwrap().len(), count, "{cursor}");
    }
}

/// A log that needs three seconds before and after each query.
struct SlowLog;

impl Fault for SlowLog {
    fn step(&self) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_secs(3)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_out_of_time_takes_one_step_and_its_cursor_goes_on() {
    let h = harness();
    LoggedCall::at("2026-01-04T12:00:00Z").write(&h).await;
    for late in [h.faulty(Arc::new(SlowLog)), h.instance().time_limit(Duration::ZERO)] {
        let mut query = String::new();
        let mut requests = 0;
        loop {
            let page = ask(&late, "logs", &query).await.json();
            requests += 1;
            if page["data"].as_array().unwrap().len() == 1 {
                break;
            }
            let cursor = page["nextCursor"].as_str().expect("each request gets further");
            query = format!("cursor={cursor}");
        }
        assert_eq!(requests, 23, "one hour a request");
    }
}
