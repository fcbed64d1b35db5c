//! The rows that each GET route reads.

use runtime::testing::growth::{CountedGet, add_copies, reads_do_not_grow, stored_row};
use serde_json::json;

use super::{CASE, DEALERS};
use crate::Env;
use crate::channel::Role;
use crate::testing::{channel, harness};

const MESSAGES: &str = "/v1/bqs-case/message/case";
/// A response has 1,000 messages. With them come the channel and the head of the case.
const LISTED: u64 = 1000 + 2;

/// A domain with as many channels, cases, changes of the first case, and messages about it.
async fn filled(count: u32) -> Vec<CountedGet<Env>> {
    let h = harness();
    let key = channel(&h, "owner", &Role::ALL, &DEALERS).await;
    let owner = h.as_channel(&key);
    assert_eq!(owner.post("/v1/bqs-case/case", CASE).await.status, 201);
    let message = json!({"case": {"preViewCaseId": 1, "dealerNumber": DEALERS[0], "userId": "text"}});
    assert_eq!(owner.post(MESSAGES, message).await.status, 202);
    let store = &h.fakes.store;
    let case = stored_row(store, "cases", "CASE");
    let cases = (2..count).map(|n| json!({"pk": format!("CASE#{n}"), "sequence": n}));
    add_copies(store, "cases", &case, cases).await;
    let change = stored_row(store, "cases", "CHANGE#000001");
    let changes = (2..count).map(|n| json!({"sk": format!("CHANGE#{n:06}"), "n": n}));
    add_copies(store, "cases", &change, changes).await;
    let is_message = |row: &&runtime::port::store::Item| row["sk"].as_s().unwrap().starts_with("DEALER#");
    let rows = store.table("cases");
    let message = rows.iter().find(is_message).unwrap();
    let last: i64 = message["received"].as_s().unwrap().parse().unwrap();
    let messages = (1..count).map(|n| {
        let received = format!("{:016}", last - i64::from(n));
        json!({"sk": format!("DEALER#{}#{received}", DEALERS[0]), "received": received})
    });
    add_copies(store, "cases", message, messages).await;
    let row = stored_row(store, "channels", "CHANNEL");
    let named = |n: u32| format!("channel-{n}");
    let rows = (1..count).map(|n| json!({"pk": format!("CHANNEL#{}", named(n)), "name": named(n)}));
    add_copies(store, "channels", &row, rows).await;
    let name = stored_row(store, "channels", "owner");
    add_copies(
        store,
        "channels",
        &name,
        (1..count).map(|n| json!({"sk": named(n), "name": named(n)})),
    )
    .await;
    vec![
        CountedGet::new(&owner, "/v1/bqs-case/case/1"),
        CountedGet::page(&owner, "/v1/bqs-case/management?limit=20"),
        CountedGet::new(&owner, "/v1/bqs-case/management/owner"),
        CountedGet::page(&owner, format!("{MESSAGES}?pre_view_case_id=1")).at_most(LISTED),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_rows_that_a_route_reads_do_not_grow_with_the_table() {
    reads_do_not_grow(filled).await;
}
