//! The log as staff see it, on the store in memory.

mod house;
mod metrics;
mod paging;

use serde_json::json;

use house::{House, NOW, Row};

const CASES: [&str; 2] = ["logs", "metrics"];

#[tokio::test(start_paused = true)]
async fn only_staff_may_look() {
    let house = House::new(NOW);
    for what in CASES {
        assert_eq!(house.ask_as(what, None, "").await.status, 401);
        let customer = house.ask_as(what, Some(&[]), "").await;
        assert_eq!((customer.status, customer.code()), (403, "forbidden".into()));
        for role in ["staff", "admin"] {
            assert_eq!(house.ask_as(what, Some(&[role]), "").await.status, 200, "{what} {role}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_sample_events_are_understood() {
    let house = House::new(NOW);
    for what in CASES {
        assert_eq!(house.sample(what).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_cannot_be_is_refused_by_name() {
    let house = House::new(NOW);
    for (query, member) in [
        ("funder=lex", "funder"),
        ("funder=", "funder"),
        ("environment=TEST", "environment"),
        ("operation=", "operation"),
        ("status=success", "status"),
        ("correlationId=1", "correlationId"),
        ("from=yesterday", "from"),
        ("to=2026-01-05", "to"),
        ("from=2026-01-05T10:00:00Z&to=2026-01-05T10:00:00Z", "from"),
        ("from=2025-12-06T09:59:59Z&to=2026-01-05T10:00:00Z", "from"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=-1", "limit"),
    ] {
        let got = house.ask("logs", query).await;
        assert_eq!((got.status, got.code()), (422, "invalid".into()), "{query}");
        assert_eq!(got.json()["errors"][0]["field"], member, "{query}");
    }
    for query in ["from=2026-01-04T09:00:00Z", "from=2026-01-05T11:00:00Z", "to=x"] {
        assert_eq!(house.ask("metrics", query).await.status, 422, "{query}");
    }
    for query in [
        "cursor=",
        "cursor=abc",
        "limit=5&limit=6",
        "cursor=ffffffffffffffffffffffffffffffff000000000000",
    ] {
        let got = house.ask("logs", query).await;
        assert_eq!((got.status, got.code()), (400, "malformed".into()), "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_is_told_under_the_names_of_the_spec() {
    let house = House::new(NOW);
    house
        .called(Row {
            environment: "LIVE",
            status: "FAILED",
            error: Some("timeout"),
            time: 8000,
            retries: 3,
            ..Row::at("2026-01-05T10:00:00.123Z")
        })
        .await;
    let row = house.ask("logs", "").await.json()["data"][0].clone();
    let id = &row["id"];
    let correlation = &row["correlationId"];
    let told = json!({
        "id": id, "funder": "LEX", "environment": "LIVE", "operation": "quote", "status": "FAILED", "retryCount": 3,
        "responseTime": 8000, "correlationId": correlation, "createdAt": "2026-01-05T10:00:00.123Z",
        "error": "timeout", "request": "{\"asked\":1}", "response": "{\"said\":1}", "httpStatus": 200,
    });
    assert_eq!(row, told);
}

#[tokio::test(start_paused = true)]
async fn every_filter_takes_its_rows_and_no_others() {
    let house = House::new(NOW);
    let noon = Row::at("2026-01-05T09:30:00Z");
    house.called(noon).await;
    house
        .called(Row {
            operation: "token",
            ..noon
        })
        .await;
    house
        .called(Row {
            environment: "LIVE",
            ..noon
        })
        .await;
    house
        .called(Row {
            status: "RETRY",
            ..noon
        })
        .await;
    house
        .called(Row {
            status: "FAILED",
            ..Row::at("2026-01-04T23:00:00Z")
        })
        .await;
    house
        .called(Row {
            correlation: 7,
            ..Row::at("2025-12-20T00:00:00Z")
        })
        .await;
    for (query, count) in [
        ("", 5),
        ("funder=LEX", 5),
        ("environment=SANDBOX", 4),
        ("environment=LIVE", 1),
        ("operation=token", 1),
        ("operation=tok", 0),
        ("status=SUCCESS", 3),
        ("status=RETRY", 1),
        ("status=FAILED", 1),
        ("status=FAILED&environment=LIVE", 0),
        ("from=2026-01-05T00:00:00Z", 4),
        ("from=2026-01-05T09:30:00Z", 4),
        ("from=2026-01-05T09:30:00.001Z", 0),
        ("to=2026-01-05T09:30:00Z", 1),
        ("from=2025-12-06T10:20:01Z", 6),
        ("from=2025-12-19T23:00:00Z&to=2025-12-20T01:00:00Z", 1),
    ] {
        let found = house.all("logs", query).await;
        assert_eq!(found.len(), count, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_correlation_id_finds_its_rows_wherever_they_are() {
    let house = House::new(NOW);
    let mine = |at| Row {
        correlation: 7,
        ..Row::at(at)
    };
    house.called(mine("2025-12-07T00:00:00Z")).await;
    house.called(mine("2026-01-05T10:00:00Z")).await;
    house
        .called(Row {
            environment: "LIVE",
            ..mine("2026-01-05T10:00:01Z")
        })
        .await;
    house
        .called(Row {
            status: "FAILED",
            ..mine("2026-01-05T10:00:02Z")
        })
        .await;
    house.called(Row::at("2026-01-05T10:00:00Z")).await;
    let id = house::correlation(7);
    for (filter, count) in [
        ("", 4),
        ("&environment=LIVE", 1),
        ("&status=FAILED", 1),
        ("&operation=token", 0),
        ("&from=2026-01-05T00:00:00Z", 3),
        ("&to=2026-01-05T00:00:00Z", 1),
    ] {
        for limit in ["", "&limit=1", "&limit=4"] {
            let found = house.all("logs", &format!("correlationId={id}{filter}{limit}")).await;
            assert_eq!(found.len(), count, "{filter}{limit}");
            assert!(found.iter().all(|row| row["correlationId"] == id.to_string()));
        }
    }
    let stranger = house
        .ask("logs", &format!("correlationId={}", house::correlation(8)))
        .await;
    assert_eq!(
        (stranger.json()["data"].clone(), stranger.json()["nextCursor"].clone()),
        (json!([]), json!(null))
    );
}

#[tokio::test(start_paused = true)]
async fn a_dead_log_is_said_to_be_one() {
    let house = House::new(NOW);
    house.world.store.set_down(true);
    for what in CASES {
        let got = house.ask(what, "").await;
        assert_eq!((got.status, got.code()), (503, "unavailable".into()));
    }
}
