//! The log as staff see it, on the store in memory.

mod metrics;
mod paging;

use model::partner::PARTNERS;
use runtime::testing::{Harness, TestResponse};
use serde_json::{Value, json};

use super::fixtures::{LoggedCall, correlation};
use super::lane::Lane;
use crate::Env;
use crate::testing::harness;

const ROUTES: [&str; 2] = ["/api/integration/logs", "/api/integration/metrics"];

/// A request of a member of staff.
async fn ask(h: &Harness<Env>, route: &str, query: &str) -> TestResponse {
    h.as_staff().get(&format!("/api/integration/{route}?{query}")).await
}

/// Every row that the query finds, page by page.
async fn all(h: &Harness<Env>, query: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let got = ask(h, "logs", &format!("{query}{cursor}")).await;
        assert_eq!(got.status, 200, "{query}: {}", got.text);
        let page = got.json();
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(next) = page["nextCursor"].as_str() else {
            return rows;
        };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_staff_may_look() {
    let h = harness();
    for route in ROUTES {
        assert_eq!(h.anonymous().get(route).await.status, 401);
        let customer = h.as_customer().get(route).await;
        assert_eq!((customer.status, customer.code()), (403, "forbidden".into()));
        for caller in [h.as_staff(), h.as_admin()] {
            assert_eq!(caller.get(route).await.status, 200, "{route}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_filter_is_refused_by_name() {
    let h = harness();
    for (query, member) in [
        ("partner=lex", "partner"),
        ("partner=", "partner"),
        ("funder=lex", "funder"),
        ("funder=", "funder"),
        ("partner=LEX&funder=ALPHABET", "funder"),
        ("partner=LEX&funder=lex", "funder"),
        ("environment=TEST", "environment"),
        ("environment=", "environment"),
        ("partner=BQS&environment=LIVE", "environment"),
        ("partner=MMOB&environment=SANDBOX", "environment"),
        ("partner=LEX&environment=UPSTREAM", "environment"),
        ("operation=", "operation"),
        ("subjectId=", "subjectId"),
        ("quoteId=0190d5a0-0000-7000-8000-000000000001", "query"),
        ("subjectid=1", "query"),
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
        ("cursor=", "cursor"),
        ("cursor=abc", "cursor"),
        ("cursor=ffffffffffffffffffffffffffffffff000000000000", "cursor"),
    ] {
        let got = ask(&h, "logs", query).await;
        assert_eq!((got.status, got.code()), (422, "invalid".into()), "{query}");
        assert_eq!(got.field(), member, "{query}");
    }
    for (query, known) in [
        ("partner=lex", PARTNERS.map(|partner| partner.name).join(", ")),
        ("environment=TEST", "SANDBOX, LIVE, MARKETPLACE, UPSTREAM".to_owned()),
        ("partner=BQS&environment=LIVE", "UPSTREAM".to_owned()),
    ] {
        let got = ask(&h, "logs", query).await;
        let message = format!("must be one of {known}");
        assert_eq!(got.json()["errors"][0]["message"], message, "{query}");
    }
    for query in [
        "from=2026-01-04T09:00:00Z",
        "from=2026-01-05T11:00:00Z",
        "to=x",
        "funder=LEX",
    ] {
        assert_eq!(ask(&h, "metrics", query).await.status, 422, "{query}");
    }
    let got = ask(&h, "logs", "limit=5&limit=6").await;
    assert_eq!((got.status, got.code()), (400, "malformed".into()));
}

#[tokio::test(start_paused = true)]
async fn a_row_has_the_names_of_the_spec() {
    let h = harness();
    LoggedCall {
        environment: "LIVE",
        status: "FAILED",
        error: Some("timeout"),
        time: 8000,
        retries: 3,
        ..LoggedCall::at("2026-01-05T10:00:00.123Z")
    }
    .write(&h)
    .await;
    let row = ask(&h, "logs", "").await.json()["data"][0].clone();
    let id = &row["id"];
    let correlation = &row["correlationId"];
    let expected = json!({
        "id": id, "partner": "LEX", "funder": "LEX", "environment": "LIVE", "operation": "quote", "status": "FAILED", "retryCount": 3,
        "responseTime": 8000, "correlationId": correlation, "createdAt": "2026-01-05T10:00:00.123Z",
        "error": "timeout", "request": "{\"asked\":1}", "response": "{\"answered\":1}", "httpStatus": 200,
    });
    assert_eq!(row, expected);
}

#[tokio::test(start_paused = true)]
async fn every_filter_finds_its_rows_and_no_others() {
    let h = harness();
    let noon = LoggedCall::at("2026-01-05T09:30:00Z");
    noon.write(&h).await;
    LoggedCall {
        operation: "token",
        ..noon
    }
    .write(&h)
    .await;
    LoggedCall {
        environment: "LIVE",
        ..noon
    }
    .write(&h)
    .await;
    LoggedCall {
        status: "RETRY",
        ..noon
    }
    .write(&h)
    .await;
    LoggedCall {
        status: "FAILED",
        ..LoggedCall::at("2026-01-04T23:00:00Z")
    }
    .write(&h)
    .await;
    LoggedCall {
        correlation: 7,
        ..LoggedCall::at("2025-12-20T00:00:00Z")
    }
    .write(&h)
    .await;
    for (query, count) in [
        ("", 5),
        ("funder=LEX", 5),
        ("partner=LEX", 5),
        ("partner=LEX&funder=LEX", 5),
        ("environment=SANDBOX", 4),
        ("environment=LIVE", 1),
        ("environment=UPSTREAM", 0),
        ("operation=token", 1),
        ("operation=tok", 0),
        ("status=SUCCESS", 3),
        ("status=RETRY", 1),
        ("status=FAILED", 1),
        ("status=FAILED&environment=LIVE", 0),
        ("from=2026-01-05T00:00:00Z", 4),
        ("from=2026-01-05T09:30:00Z", 4),
        ("from=2026-01-05T10:30:00+01:00", 4),
        ("from=2026-01-05T09:30:00.001Z", 0),
        ("to=2026-01-05T09:30:00Z", 1),
        ("from=2025-12-06T10:20:01Z", 6),
        ("from=2025-12-19T23:00:00Z&to=2025-12-20T01:00:00Z", 1),
    ] {
        let found = all(&h, query).await;
        assert_eq!(found.len(), count, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_partner_is_found_by_its_name_and_environment() {
    let h = harness();
    let noon = LoggedCall::at("2026-01-05T09:30:00Z");
    for lane in Lane::all() {
        let call = LoggedCall {
            partner: lane.partner,
            environment: lane.environment,
            correlation: 7,
            ..noon
        };
        call.write(&h).await;
    }
    let id = correlation(7);
    for lane in Lane::all() {
        for (name, more) in [("partner", String::new()), ("funder", format!("&correlationId={id}"))] {
            let query = format!("{name}={}&environment={}{more}", lane.partner, lane.environment);
            let rows = all(&h, &query).await;
            assert_eq!(rows.len(), 1, "{query}");
            for (member, value) in [
                ("partner", lane.partner),
                ("funder", lane.partner),
                ("environment", lane.environment),
            ] {
                assert_eq!(rows[0][member], value, "{query}");
            }
        }
    }
    let count = |wanted: fn(&Lane) -> bool| Lane::all().iter().filter(|lane| wanted(lane)).count();
    for (query, count) in [
        ("", count(|_| true)),
        ("environment=SANDBOX", count(|lane| lane.environment == "SANDBOX")),
        ("environment=UPSTREAM", count(|lane| lane.environment == "UPSTREAM")),
        ("partner=MMOB", 1),
    ] {
        assert_eq!(all(&h, query).await.len(), count, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_correlation_id_finds_its_rows_wherever_they_are() {
    let h = harness();
    let mine = |at| LoggedCall {
        correlation: 7,
        ..LoggedCall::at(at)
    };
    mine("2025-12-07T00:00:00Z").write(&h).await;
    mine("2026-01-05T10:00:00Z").write(&h).await;
    LoggedCall {
        environment: "LIVE",
        ..mine("2026-01-05T10:00:01Z")
    }
    .write(&h)
    .await;
    LoggedCall {
        status: "FAILED",
        ..mine("2026-01-05T10:00:02Z")
    }
    .write(&h)
    .await;
    LoggedCall::at("2026-01-05T10:00:00Z").write(&h).await;
    let id = correlation(7);
    for (filter, count) in [
        ("", 4),
        ("&environment=LIVE", 1),
        ("&status=FAILED", 1),
        ("&operation=token", 0),
        ("&from=2026-01-05T00:00:00Z", 3),
        ("&to=2026-01-05T00:00:00Z", 1),
    ] {
        for limit in ["", "&limit=1", "&limit=4"] {
            let found = all(&h, &format!("correlationId={id}{filter}{limit}")).await;
            assert_eq!(found.len(), count, "{filter}{limit}");
            assert!(found.iter().all(|row| row["correlationId"] == id.to_string()));
        }
    }
    let stranger = ask(&h, "logs", &format!("correlationId={}", correlation(8))).await;
    assert_eq!(
        (stranger.json()["data"].clone(), stranger.json()["nextCursor"].clone()),
        (json!([]), json!(null))
    );
}

#[tokio::test(start_paused = true)]
async fn a_quotes_id_finds_all_its_rows_in_one_request() {
    // Made at 2025-12-20T00:00:00Z.
    const QUOTE: &str = "019b390e-5800-7000-8000-000000000001";
    let h = harness();
    let of = |subject, at| LoggedCall {
        correlation: 7,
        subject: Some(subject),
        ..LoggedCall::at(at)
    };
    let noise = LoggedCall::at("2025-12-20T00:00:00Z");
    for n in 0..600 {
        let at = noise.at + jiff::SignedDuration::from_secs(n * 40);
        LoggedCall { at, ..noise }.write(&h).await;
    }
    let mut wanted = Vec::new();
    for (at, status) in [
        ("2025-12-20T00:00:02Z", "RETRY"),
        ("2025-12-20T00:14:00Z", "FAILED"),
        ("2026-01-03T12:00:00Z", "SUCCESS"),
    ] {
        let row = LoggedCall {
            status,
            ..of(QUOTE, at)
        };
        wanted.insert(0, row.write(&h).await.to_string());
    }
    // The same request made another subject.
    of("019b390e-5800-7000-8000-000000000002", "2025-12-20T00:00:03Z")
        .write(&h)
        .await;
    let ids = |page: &Value| -> Vec<String> {
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let page = ask(&h, "logs", &format!("subjectId={QUOTE}")).await.json();
    assert_eq!((ids(&page), &page["nextCursor"]), (wanted.clone(), &json!(null)));
    assert!(
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["subjectId"] == QUOTE)
    );
    for (filter, found) in [
        ("&status=RETRY", &wanted[2..]),
        ("&environment=LIVE", &[]),
        ("&from=2026-01-01T00:00:00Z", &wanted[..1]),
        ("&to=2025-12-21T00:00:00Z", &wanted[1..]),
    ] {
        let page = ask(&h, "logs", &format!("subjectId={QUOTE}{filter}")).await.json();
        assert_eq!(ids(&page), found, "{filter}");
    }
    assert_eq!(all(&h, &format!("subjectId={QUOTE}&limit=1")).await.len(), 3);
    // An id without a time, and one without a row, are looked for hour by hour.
    let case = LoggedCall {
        partner: "BQS",
        environment: "UPSTREAM",
        ..of("7", "2026-01-05T03:00:00Z")
    };
    case.write(&h).await;
    of("71", "2026-01-05T03:00:00Z").write(&h).await;
    assert_eq!(all(&h, "subjectId=7").await.len(), 1);
    assert_eq!(all(&h, "subjectId=019b8dd2-6a00-7000-8000-000000000009").await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_down_is_reported() {
    let h = harness();
    h.fakes.store.set_down(true);
    for route in ROUTES {
        let got = h.as_staff().get(route).await;
        assert_eq!((got.status, got.code()), (503, "unavailable".into()));
    }
}
