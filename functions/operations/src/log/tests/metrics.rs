//! The numbers, and where they are truncated.

use jiff::{SignedDuration, Timestamp};
use runtime::testing::Harness;
use serde_json::{Value, json};

use super::ask;
use crate::Env;
use crate::log::fixtures::{LoggedCall, NOW};
use crate::log::lane::Lane;
use crate::testing::harness;

async fn metrics(h: &Harness<Env>, query: &str) -> Value {
    let metrics = ask(h, "metrics", query).await.data();
    assert_eq!(metrics["truncated"], false);
    metrics
}

async fn funders(h: &Harness<Env>, query: &str) -> Value {
    metrics(h, query).await["funders"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_funder_in_numbers() {
    let h = harness();
    let noted = LoggedCall::at("2026-01-05T10:00:00Z");
    for time in 1..=96 {
        LoggedCall { time, ..noted }.write(&h).await;
    }
    let timeout = |time, status| LoggedCall {
        time,
        status,
        error: Some("timeout"),
        ..noted
    };
    for (time, status) in [(8000, "RETRY"), (8001, "RETRY"), (8002, "FAILED")] {
        timeout(time, status).write(&h).await;
    }
    let rejected = LoggedCall {
        time: 7,
        status: "FAILED",
        error: Some("rejected"),
        ..noted
    };
    rejected.write(&h).await;
    let earlier = LoggedCall {
        time: 9999,
        ..LoggedCall::at("2026-01-05T09:19:59Z")
    };
    earlier.write(&h).await;
    let both = funders(&h, "").await;
    let none = json!({"succeeded": 0, "failed": 0, "successRate": null, "retries": []});
    let busy = json!({
        "partner": "LEX", "funder": "LEX", "environment": "SANDBOX", "calls": 100, "retries": 2, "successRate": 0.96,
        "errors": [
            {"kind": "rejected", "count": 1, "rate": 0.01},
            {"kind": "timeout", "count": 3, "rate": 0.03},
        ],
        "responseTime": {"p50": 49, "p95": 94, "p99": 8001}, "quotes": none, "proposals": none,
    });
    let quiet = json!({
        "partner": "LEX", "funder": "LEX", "environment": "LIVE", "calls": 0, "retries": 0, "successRate": null, "errors": [],
        "responseTime": null, "quotes": none, "proposals": none,
    });
    assert_eq!(both.as_array().unwrap().get(..2), Some(&[busy, quiet][..]));
}

#[tokio::test(start_paused = true)]
async fn every_partner_has_numbers_and_funders_also_by_themselves() {
    let h = harness();
    for (partner, environment, calls) in [("MMOB", "MARKETPLACE", 2), ("BQS", "UPSTREAM", 3)] {
        for _ in 0..calls {
            let call = LoggedCall {
                partner,
                environment,
                ..LoggedCall::at("2026-01-05T10:00:00Z")
            };
            call.write(&h).await;
        }
    }
    let metrics = metrics(&h, "").await;
    let partners = metrics["partners"].as_array().unwrap();
    let lanes = Lane::all();
    assert_eq!(partners.len(), lanes.len());
    for (row, lane) in partners.iter().zip(&lanes) {
        assert_eq!(
            (&row["partner"], &row["funder"], &row["environment"]),
            (&json!(lane.partner), &json!(lane.partner), &json!(lane.environment))
        );
        let calls = match (lane.partner, lane.environment) {
            ("MMOB", _) => 2,
            ("BQS", _) => 3,
            _ => 0,
        };
        assert_eq!(row["calls"], calls, "{lane:?}");
    }
    let funders = lanes.iter().filter(|lane| lane.is_funder()).count();
    assert_eq!(metrics["funders"].as_array().unwrap(), &partners[..funders]);
}

#[tokio::test(start_paused = true)]
async fn quotes_and_proposals_count_by_their_conclusion_and_not_by_call() {
    let h = harness();
    let call = |second: u32, subject, status, retries| LoggedCall {
        subject: Some(subject),
        status,
        retries,
        ..LoggedCall::at(&format!("2026-01-05T10:00:{second:02}Z"))
    };
    // Two of them at the second attempt, one at the fourth.
    let quotes = [("q1", 0), ("q2", 1), ("q3", 0), ("q4", 1), ("q5", 3)];
    for (n, (quote, needed)) in (0..).zip(quotes) {
        for retry in 0..needed {
            call(n, quote, "RETRY", retry).write(&h).await;
        }
        let last = LoggedCall {
            conclusion: Some("QUOTE_GENERATED"),
            ..call(n + 10, quote, "SUCCESS", needed)
        };
        last.write(&h).await;
    }
    call(30, "q6", "FAILED", 0).write(&h).await;
    let proposal = |second, subject, conclusion, retries| LoggedCall {
        operation: "proposal",
        conclusion: Some(conclusion),
        ..call(second, subject, "SUCCESS", retries)
    };
    // The first worker crashed before it had written the row, and another repeated the call.
    proposal(31, "p1", "PROPOSAL_FAILED", 0).write(&h).await;
    proposal(32, "p1", "PROPOSAL_SUBMITTED", 1).write(&h).await;
    proposal(33, "p2", "PROPOSAL_FAILED", 0).write(&h).await;
    let waited = LoggedCall {
        operation: "conclusion",
        time: 0,
        ..proposal(34, "p3", "PROPOSAL_FAILED", 0)
    };
    waited.write(&h).await;
    let lex = funders(&h, "").await[0].clone();
    assert_eq!(
        (&lex["calls"], &lex["successRate"]),
        (&json!(14), &json!(0.5714)),
        "{lex}"
    );
    let retries = |each: &[(u32, u32)]| -> Vec<Value> {
        let each = each.iter();
        each.map(|(retries, count)| json!({"retries": retries, "count": count}))
            .collect()
    };
    let quotes =
        json!({"succeeded": 5, "failed": 0, "successRate": 1.0, "retries": retries(&[(0, 2), (1, 2), (3, 1)])});
    assert_eq!(lex["quotes"], quotes);
    let proposals = json!({"succeeded": 1, "failed": 2, "successRate": 0.3333, "retries": retries(&[(0, 2), (1, 1)])});
    assert_eq!(lex["proposals"], proposals);
    let bqs = metrics(&h, "").await["partners"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert!(bqs.get("quotes").is_none(), "{bqs}");
    // Of the period, as the calls.
    let before = funders(&h, "from=2026-01-05T10:00:00Z&to=2026-01-05T10:00:12Z").await;
    assert_eq!(before[0]["quotes"]["succeeded"], 2);
}

#[tokio::test(start_paused = true)]
async fn only_calls_of_the_period_count() {
    let h = harness();
    LoggedCall::at("2026-01-04T12:00:00Z").write(&h).await;
    LoggedCall {
        environment: "LIVE",
        ..LoggedCall::at("2026-01-05T09:59:59.999Z")
    }
    .write(&h)
    .await;
    LoggedCall::at("2026-01-05T10:00:00Z").write(&h).await;
    for (query, calls) in [
        ("", [1, 1]),
        ("from=2026-01-05T10:00:00Z", [1, 0]),
        ("from=2026-01-05T09:00:00Z&to=2026-01-05T10:00:00Z", [0, 1]),
        ("from=2026-01-04T11:00:00Z&to=2026-01-05T11:00:00Z", [2, 1]),
    ] {
        let both = funders(&h, query).await;
        assert_eq!(json!([both[0]["calls"], both[1]["calls"]]), json!(calls), "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn truncated_numbers_name_the_instant_from_which_they_are_complete() {
    let h = harness();
    let now: Timestamp = NOW.parse().unwrap();
    let mut made = Vec::new();
    for n in 0..6_000 {
        let at = now - SignedDuration::from_millis(n * 500);
        made.push(at);
        LoggedCall {
            at,
            ..LoggedCall::at(NOW)
        }
        .write(&h)
        .await;
    }
    let metrics = ask(&h, "metrics", "").await.data();
    assert_eq!(metrics["truncated"], true);
    let from: Timestamp = metrics["from"].as_str().unwrap().parse().unwrap();
    let complete = made.iter().filter(|at| **at >= from).count();
    let calls = usize::try_from(metrics["funders"][0]["calls"].as_u64().unwrap()).unwrap();
    assert!((5_000..6_000).contains(&calls), "{calls}");
    assert!(calls - complete <= 1, "{calls} counted, {complete} since {from}");
}
