use model::partner::{FUNDERS, PARTNERS};
use runtime::testing::Harness;
use serde_json::{Value, json};

use crate::Env;
use crate::log::fixtures::LoggedCall;
use crate::testing::harness;

/// Both paths give the same response.
async fn health(h: &Harness<Env>) -> Value {
    let got = h.get("/health").await;
    assert_eq!(got.status, 200, "{}", got.text);
    assert_eq!(h.get("/api/health").await.text, got.text);
    got.json()
}

async fn call(h: &Harness<Env>, at: &str, status: &'static str) {
    let call = LoggedCall {
        status,
        ..LoggedCall::at(at)
    };
    call.write(h).await;
}

/// The health of the first funder's first environment, which is the log fixtures' own.
async fn first(h: &Harness<Env>) -> Value {
    let health = health(h).await;
    assert_eq!(health["funders"][0], health["partners"][0]);
    health["funders"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn the_last_hour_decides() {
    let h = harness();
    let unknown = json!({
        "name": "LEX", "environment": "SANDBOX", "connectivity": "unknown", "calls": 0, "failures": 0,
    });
    assert_eq!(first(&h).await, unknown);
    call(&h, "2026-01-05T08:59:00Z", "SUCCESS").await;
    assert_eq!(first(&h).await, unknown, "older than an hour");
    for (at, status, connectivity, calls, failures) in [
        ("2026-01-05T09:30:00Z", "FAILED", "down", 1, 1),
        ("2026-01-05T10:01:00Z", "SUCCESS", "up", 2, 1),
        ("2026-01-05T10:02:00Z", "RETRY", "degraded", 3, 2),
    ] {
        call(&h, at, status).await;
        let found = first(&h).await;
        assert_eq!(
            (&found["connectivity"], &found["calls"], &found["failures"]),
            (&json!(connectivity), &json!(calls), &json!(failures))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn every_partner_is_listed_and_funders_also_by_themselves() {
    let h = harness();
    let upstream = LoggedCall {
        partner: "BQS",
        environment: "UPSTREAM",
        ..LoggedCall::at("2026-01-05T10:00:00Z")
    };
    upstream.write(&h).await;
    let health = health(&h).await;
    let names = |list: &str| -> Vec<(String, String)> {
        let text = |row: &Value, member: &str| row[member].as_str().unwrap().to_owned();
        let rows = health[list].as_array().unwrap().iter();
        rows.map(|row| (text(row, "name"), text(row, "environment"))).collect()
    };
    let known = PARTNERS.iter().flat_map(|partner| {
        let each = partner.environments.iter();
        each.map(|environment| (partner.name.to_owned(), (*environment).to_owned()))
    });
    let known: Vec<_> = known.collect();
    assert_eq!(names("partners"), known);
    let is_funder = |(name, _): &(String, String)| FUNDERS.contains(&name.as_str());
    assert_eq!(
        names("funders"),
        known.iter().filter(|lane| is_funder(lane)).cloned().collect::<Vec<_>>()
    );
    let mut partners = health["partners"].as_array().unwrap().iter();
    let bqs = partners.find(|row| row["name"] == "BQS").unwrap();
    assert_eq!(
        (&bqs["connectivity"], &bqs["lastSuccessAt"]),
        (&json!("up"), &json!("2026-01-05T10:00:00Z"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_down_does_not_take_health_down() {
    let h = harness();
    h.fakes.store.set_down(true);
    let health = health(&h).await;
    assert_eq!(health["status"], "ok");
    for list in ["funders", "partners"] {
        let rows = health[list].as_array().unwrap();
        assert!(rows.iter().all(|row| row["connectivity"] == "unknown"), "{list}");
    }
}
