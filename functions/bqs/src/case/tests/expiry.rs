//! A case lives for a time after its last change.

use std::time::Duration;

use tokio::time::advance;

use super::fixtures::{CASE, UPDATE, case_row, dealer_with_case};
use crate::retention::Retention;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test(start_paused = true)]
async fn a_case_ends_some_time_after_its_last_change() {
    let dealer = dealer_with_case().await;
    let almost = DAY * (Retention::DEFAULT_DAYS - 1);
    advance(almost).await;
    assert_eq!(dealer.put(CASE, UPDATE).await.status, 200);
    advance(almost).await;
    assert_eq!(dealer.get(CASE).await.status, 200, "a changed case lives on");
    advance(DAY * 2).await;
    assert_eq!(dealer.get(CASE).await.status, 404);
    assert_eq!(dealer.put(CASE, UPDATE).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn the_lifetime_is_a_setting() {
    let dealer = dealer_with_case().await.with(&[("CASE_RETENTION_DAYS", "90")]);
    assert_eq!(dealer.put(CASE, UPDATE).await.status, 200);
    advance(DAY * 90).await;
    assert_eq!(dealer.get(CASE).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn every_row_of_a_case_has_an_end_but_the_counter() {
    let dealer = dealer_with_case().await;
    assert_eq!(dealer.put(CASE, UPDATE).await.status, 200);
    assert_eq!(case_row(&dealer, 1).await.changes(), 2);
    let rows = dealer.fakes.store.table("cases");
    assert!(rows.len() > 3, "the case, its changes and the counter");
    for row in rows {
        let is_counter = *row["pk"].as_s().unwrap() == "COUNTER";
        assert_eq!(row.contains_key("ttl"), !is_counter, "{row:?}");
    }
    // Channels live as long as their dealers may use the API, what was changed in them does not.
    for row in dealer.fakes.store.table("channels") {
        let is_audit = row["pk"].as_s().unwrap().starts_with("AUDIT#");
        assert_eq!(row.contains_key("ttl"), is_audit, "{row:?}");
    }
}
