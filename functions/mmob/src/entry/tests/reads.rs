//! The rows that each GET route reads.

use model::id::ReceiptId;
use runtime::http::list::{Entry, month_of};
use runtime::port::store::{Key, Store};
use runtime::testing::Harness;
use runtime::testing::growth::{CountedGet, add_copies, reads_do_not_grow, stored_row};
use serde_json::json;

use super::{ORDER, prepared};
use crate::Env;
use crate::testing::sample;

const TABLE: &str = "mmob";
/// A page whose filter finds nothing looks at 1,000 entries and their rows, a hundred at a time.
const SEARCHED: u64 = 2 * (1000 + 100);

/// Adds copies of the row with this sort key to its list.
async fn add(h: &Harness<Env>, count: u32, (prefix, sk, id): (&str, &str, &str), list: &str) {
    let row = stored_row(&h.fakes.store, TABLE, sk);
    let receipts: Vec<ReceiptId> = (0..count).map(|_| ReceiptId::new(h.now())).collect();
    let members = receipts
        .iter()
        .map(|of| json!({"pk": format!("{prefix}#{of}"), id: of}));
    add_copies(&h.fakes.store, TABLE, &row, members).await;
    let entry = |of: &ReceiptId| {
        let key = Key::new(TABLE, format!("{prefix}#{of}"), Some(sk));
        Entry::write(list, *of.as_uuid(), &key, None).unwrap().item.unwrap()
    };
    let entries = receipts.iter().map(entry).collect();
    h.fakes.store.append(TABLE, entries).await.unwrap();
}

/// A domain with as many orders and products.
async fn filled(count: u32) -> Vec<CountedGet<Env>> {
    let h = prepared().await;
    let body = sample(include_str!("../../../../../events/mmob-product-create.json"));
    assert_eq!(h.as_admin().post("/api/mmob/products", body).await.status, 201);
    let orders = month_of("ORDERS", ReceiptId::new(h.now()).as_uuid());
    add(&h, count, ("ORDER", "ORDER", "id"), &orders).await;
    add(&h, count, ("PRODUCT", "OFFER", "prodId"), "PRODUCTS").await;
    let staff = h.as_staff();
    vec![
        CountedGet::page(&staff, "/api/mmob/orders"),
        CountedGet::new(&staff, "/api/mmob/orders?status=Failed").at_most(SEARCHED),
        CountedGet::new(&staff, format!("/api/mmob/orders/{ORDER}")),
        CountedGet::page(&staff, "/api/mmob/products"),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_rows_that_a_route_reads_do_not_grow_with_the_table() {
    reads_do_not_grow(filled).await;
}
