//! The rows that each GET route reads.

use model::id::LogRowId;
use runtime::testing::growth::{CountedGet, add_copies, reads_do_not_grow};
use serde_json::json;

use crate::Env;
use crate::log::fixtures::{LoggedCall, correlation};
use crate::testing::{event, harness, subscribe};

/// A page whose filter finds nothing looks at 1,000 rows, a hundred at a time.
const SEARCHED: u64 = 1000 + 100;
/// A search of the log looks at 2,000 rows, a hundred at a time, and the metrics at 5,000, 250 at a time.
const SEARCHED_LOG: u64 = 2000 + 100;
const MEASURED: u64 = 5000 + 250;

/// A domain with as many subscriptions, deliveries, erasures, and calls to LEX.
async fn filled(count: u32) -> Vec<CountedGet<Env>> {
    let h = harness();
    let (staff, admin) = (h.as_staff(), h.as_admin());
    subscribe(&h, "https://hooks.example.com/in", &["quote.generated"]).await;
    assert_eq!(h.deliver("operations-delivery-send", &event(1)).await, Some(true));
    let erasure = admin.post("/api/integration/erasures", json!({"case": 7})).await;
    let erasure = erasure.data()["id"].as_str().unwrap().to_owned();
    LoggedCall::at("2026-01-05T10:19:00Z").write(&h).await;
    let tables = [
        ("subscriptions", ""),
        ("deliveries", "DAY#"),
        ("erasures", "ERASURES"),
        ("log", ""),
    ];
    for (table, partition) in tables {
        let rows = h.fakes.store.table(table).into_iter();
        let row = rows
            .into_iter()
            .find(|row| row["pk"].as_s().unwrap().starts_with(partition))
            .unwrap();
        let ids = (0..count).map(|_| LogRowId::new("2026-01-05T10:19:00Z".parse().unwrap()));
        // A row of the log has no other id.
        let members = ids.map(|id| json!({"sk": id, "id": id}));
        add_copies(&h.fakes.store, table, &row, members).await;
    }
    let log = "/api/integration/logs";
    let mut requests = vec![
        CountedGet::page(&staff, log),
        CountedGet::page(&staff, format!("{log}?correlationId={}", correlation(0))),
        CountedGet::new(&staff, format!("{log}?operation=none")).at_most(SEARCHED_LOG),
        CountedGet::new(&staff, "/api/integration/metrics").at_most(MEASURED),
        CountedGet::page(&admin, "/api/integration/subscriptions"),
        CountedGet::page(&staff, "/api/integration/deliveries"),
        CountedGet::new(&staff, "/api/integration/deliveries?status=FAILED").at_most(SEARCHED),
        CountedGet::new(&admin, format!("/api/integration/erasures/{erasure}")),
    ];
    let public = [
        "/health",
        "/api/health",
        "/api-docs",
        "/api-docs/openapi.json",
        "/api-docs/docs.js",
    ];
    requests.extend(public.map(|path| CountedGet::new(&h.anonymous(), path)));
    requests
}

#[tokio::test(start_paused = true)]
async fn the_rows_that_a_route_reads_do_not_grow_with_the_table() {
    reads_do_not_grow(filled).await;
}
