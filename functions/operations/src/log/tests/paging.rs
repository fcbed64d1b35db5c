//! Pages together are the list: nothing twice, nothing left out, whatever lies where.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use runtime::cx::Time;
use serde_json::Value;
use tokio::time::Instant;

use super::house::{House, NOW, Row, correlation};

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

fn row() -> impl Strategy<Value = Row> {
    let environment = prop_oneof![4 => Just("SANDBOX"), 1 => Just("LIVE")];
    let status = prop_oneof![Just("SUCCESS"), Just("RETRY"), Just("FAILED")];
    (time(), environment, status, 0..3_u8).prop_map(|(at, environment, status, correlation)| Row {
        at,
        environment,
        status,
        correlation,
        ..Row::at(NOW)
    })
}

#[derive(Clone, Debug)]
struct Question {
    environment: Option<&'static str>,
    status: Option<&'static str>,
    correlation: Option<u8>,
    from: Timestamp,
    limit: usize,
}

fn question() -> impl Strategy<Value = Question> {
    let environment = prop_oneof![2 => Just(None), 1 => Just(Some("LIVE")), 1 => Just(Some("SANDBOX"))];
    let status = prop_oneof![2 => Just(None), 1 => Just(Some("FAILED"))];
    let correlation = prop_oneof![2 => Just(None), 1 => (0..3_u8).prop_map(Some)];
    let asked = (
        environment,
        status,
        correlation,
        time(),
        prop_oneof![1..4_usize, 1..101_usize],
    );
    asked.prop_map(|(environment, status, correlation, from, limit)| Question {
        environment,
        status,
        correlation,
        from,
        limit,
    })
}

impl Question {
    fn query(&self) -> String {
        let mut query = format!("from={}&limit={}", self.from, self.limit);
        let named = [("environment", self.environment), ("status", self.status)];
        for (name, value) in named.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            query += &format!("&{name}={value}");
        }
        if let Some(n) = self.correlation {
            query += &format!("&correlationId={}", correlation(n));
        }
        query
    }

    fn takes(&self, row: &Row) -> bool {
        row.at >= self.from
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
    let strategy = (
        prop::collection::vec(row(), 0..150),
        prop::collection::vec(question(), 3),
    );
    let held = TestRunner::new(config).run(&strategy, |(rows, questions)| {
        runtime.block_on(async {
            let house = House::new(NOW);
            let mut written = Vec::new();
            for row in rows {
                written.push((house.called(row).await.to_string(), row));
            }
            for question in questions {
                let taken = written.iter().filter(|(_, row)| question.takes(row));
                let mut expected: Vec<String> = taken.map(|(id, _)| id.clone()).collect();
                expected.sort_unstable_by(|a, b| b.cmp(a));
                let found = ids(&house.all("logs", &question.query()).await);
                prop_assert_eq!(found, expected, "{}", question.query());
            }
            Ok::<(), TestCaseError>(())
        })
    });
    held.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_full_page_leads_to_the_next_and_the_last_to_nothing() {
    let house = House::new(NOW);
    for n in 0..45 {
        house.called(Row::at(&format!("2026-01-05T10:00:{n:02}Z"))).await;
    }
    let mut sizes = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house.ask("logs", &cursor).await.json();
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
async fn a_long_quiet_window_is_read_in_several_requests() {
    let house = House::new(NOW);
    house.called(Row::at("2025-12-07T00:00:00Z")).await;
    let query = "from=2025-12-06T10:20:01Z";
    let first = house.ask("logs", query).await.json();
    assert_eq!(
        first["data"].as_array().unwrap().len(),
        0,
        "a short page rather than a slow one"
    );
    assert!(first["nextCursor"].is_string());
    assert_eq!(house.all("logs", query).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_passes_over_many_rows_stops_and_goes_on() {
    let house = House::new(NOW);
    let start: Timestamp = "2026-01-05T09:00:00Z".parse().unwrap();
    for n in 0..2_500 {
        let status = if n == 0 { "FAILED" } else { "SUCCESS" };
        let at = start + SignedDuration::from_millis(n);
        house
            .called(Row {
                at,
                status,
                ..Row::at(NOW)
            })
            .await;
    }
    let first = house.ask("logs", "status=FAILED").await.json();
    assert_eq!(first["data"].as_array().unwrap().len(), 0);
    assert!(first["nextCursor"].is_string());
    assert_eq!(house.all("logs", "status=FAILED").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_busy_lane_beside_a_quiet_one_repeats_nothing() {
    let house = House::new(NOW);
    let start: Timestamp = "2026-01-05T10:00:00Z".parse().unwrap();
    let mut written = Vec::new();
    for n in 0..300 {
        let row = Row {
            at: start + SignedDuration::from_millis(n),
            environment: if n < 50 { "LIVE" } else { "SANDBOX" },
            status: if n >= 50 && n % 2 == 0 { "SUCCESS" } else { "FAILED" },
            ..Row::at(NOW)
        };
        let id = house.called(row).await;
        if row.status == "FAILED" {
            written.push(id.to_string());
        }
    }
    written.sort_unstable_by(|a, b| b.cmp(a));
    for limit in [1, 7, 100] {
        let query = format!("status=FAILED&limit={limit}");
        assert_eq!(ids(&house.all("logs", &query).await), written, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_out_of_time_takes_one_step_and_says_where_to_go_on() {
    let house = House::new(NOW);
    house.called(Row::at("2026-01-04T12:00:00Z")).await;
    tokio::time::advance(Duration::from_secs(20)).await;
    let now = Instant::now();
    let late = Time {
        started: now - Duration::from_secs(10),
        deadline: now + Duration::from_secs(10),
    };
    let first = house.send("logs", Some(&["staff"]), Some(""), late).await.json();
    assert_eq!(first["data"].as_array().unwrap().len(), 0);
    let mut cursor = first["nextCursor"].as_str().unwrap().to_owned();
    for _ in 0..24 {
        let query = format!("cursor={cursor}");
        let page = house.send("logs", Some(&["staff"]), Some(&query), late).await.json();
        if page["data"].as_array().unwrap().len() == 1 {
            return;
        }
        cursor = page["nextCursor"].as_str().unwrap().to_owned();
    }
    panic!("each request gets further");
}
