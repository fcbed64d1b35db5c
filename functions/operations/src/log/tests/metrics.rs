//! The numbers, and when they are not all of them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::house::{House, NOW, Row};

async fn funders(house: &House, query: &str) -> Value {
    let told = house.ask("metrics", query).await.json();
    assert_eq!(told["data"]["truncated"], false);
    told["data"]["funders"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_funder_in_numbers() {
    let house = House::new(NOW);
    let noted = Row::at("2026-01-05T10:00:00Z");
    for time in 1..=96 {
        house.called(Row { time, ..noted }).await;
    }
    let timeout = Some("timeout");
    house
        .called(Row {
            time: 8000,
            status: "RETRY",
            error: timeout,
            ..noted
        })
        .await;
    house
        .called(Row {
            time: 8001,
            status: "RETRY",
            error: timeout,
            ..noted
        })
        .await;
    house
        .called(Row {
            time: 8002,
            status: "FAILED",
            error: timeout,
            ..noted
        })
        .await;
    house
        .called(Row {
            time: 7,
            status: "FAILED",
            error: Some("rejected"),
            ..noted
        })
        .await;
    house
        .called(Row {
            time: 9999,
            ..Row::at("2026-01-05T09:19:59Z")
        })
        .await;
    let both = funders(&house, "").await;
    let busy = json!({
        "funder": "LEX", "environment": "SANDBOX", "calls": 100, "retries": 2, "successRate": 0.96,
        "errors": [
            {"kind": "rejected", "count": 1, "rate": 0.01},
            {"kind": "timeout", "count": 3, "rate": 0.03},
        ],
        "responseTime": {"p50": 49, "p95": 94, "p99": 8001},
    });
    let quiet = json!({
        "funder": "LEX", "environment": "LIVE", "calls": 0, "retries": 0, "successRate": null, "errors": [],
        "responseTime": null,
    });
    assert_eq!(both.as_array().unwrap().get(..2), Some(&[busy, quiet][..]));
}

#[tokio::test(start_paused = true)]
async fn the_window_decides() {
    let house = House::new(NOW);
    house.called(Row::at("2026-01-04T12:00:00Z")).await;
    house
        .called(Row {
            environment: "LIVE",
            ..Row::at("2026-01-05T09:59:59.999Z")
        })
        .await;
    house.called(Row::at("2026-01-05T10:00:00Z")).await;
    for (query, sandbox, live) in [
        ("", 1, 1),
        ("from=2026-01-05T10:00:00Z", 1, 0),
        ("from=2026-01-05T09:00:00Z&to=2026-01-05T10:00:00Z", 0, 1),
        ("from=2026-01-04T11:00:00Z&to=2026-01-05T11:00:00Z", 2, 1),
    ] {
        let both = funders(&house, query).await;
        assert_eq!(
            (&both[0]["calls"], &both[1]["calls"]),
            (&json!(sandbox), &json!(live)),
            "{query}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_truncated_says_so_and_from_where_it_is_complete() {
    let house = House::new(NOW);
    let now: Timestamp = NOW.parse().unwrap();
    let mut made = Vec::new();
    for n in 0..6_000 {
        let at = now - SignedDuration::from_millis(n * 500);
        made.push(at);
        house.called(Row { at, ..Row::at(NOW) }).await;
    }
    let told = house.ask("metrics", "").await.json()["data"].clone();
    assert_eq!(told["truncated"], true);
    let from: Timestamp = told["from"].as_str().unwrap().parse().unwrap();
    let complete = made.iter().filter(|at| **at >= from).count();
    let calls = usize::try_from(told["funders"][0]["calls"].as_u64().unwrap()).unwrap();
    assert!((5_000..6_000).contains(&calls), "{calls}");
    assert!(calls - complete <= 1, "{calls} counted, {complete} since {from}");
}
