//! The rows that each GET route reads.

use model::id::QuoteId;
use runtime::http::list::{Entry, month_of};
use runtime::port::store::{Key, Store};
use runtime::testing::Harness;
use runtime::testing::growth::{CountedGet, add_copies, reads_do_not_grow, stored_row};
use serde_json::json;

use crate::testing::{FundersHarness, JOHN, good, harness};
use crate::{Env, customer, proposal, quote, vehicle};

const TABLE: &str = "funders";
/// A page whose filter finds nothing looks at 1,000 entries and their rows, a hundred at a time.
const SEARCHED: u64 = 2 * (1000 + 100);

/// Adds copies of the row with this sort key, each in these lists.
async fn add(h: &Harness<Env>, count: u32, prefix: &str, sk: &str, lists: &[&str]) {
    let row = stored_row(&h.fakes.store, TABLE, sk);
    let ids: Vec<QuoteId> = (0..count).map(|_| QuoteId::new(h.now())).collect();
    let members = ids.iter().map(|id| json!({"pk": format!("{prefix}#{id}"), "id": id}));
    add_copies(&h.fakes.store, TABLE, &row, members).await;
    let ttl = row["ttl"].as_n().unwrap().parse().unwrap();
    let entry = |id: &QuoteId, list: &str| {
        let key = Key::new(TABLE, format!("{prefix}#{id}"), Some(sk));
        Entry::item(list, *id.as_uuid(), &key, ttl).unwrap()
    };
    for list in lists {
        let entries = ids.iter().map(|id| entry(id, list)).collect();
        h.fakes.store.append(TABLE, entries).await.unwrap();
    }
}

/// A domain with as many quotes and proposals of John, customers, vehicles, and calls to LEX.
async fn filled(count: u32) -> Vec<CountedGet<Env>> {
    let h = harness();
    h.fakes.transport.script([], good());
    let quote = h.listed_quote("LEX", "john", JOHN).await;
    let proposal = h.proposal("LEX");
    let john = JOHN.parse().unwrap();
    let month = |list| month_of(list, QuoteId::new(h.now()).as_uuid());
    let (quotes, proposals) = (month(quote::list::LIST), month(proposal::list::LIST));
    add(&h, count, "QUOTE", "QUOTE", &[&quotes, &customer::quotes_of(&john)]).await;
    add(
        &h,
        count,
        "PROPOSAL",
        "PROPOSAL",
        &[&proposals, &customer::proposals_of(&john)],
    )
    .await;
    add(&h, count, "CUSTOMER", "CUSTOMER", &[customer::LIST]).await;
    add(&h, count, "VEHICLE", "VEHICLE", &[vehicle::LIST]).await;
    let call = h.fakes.store.table("log").remove(0);
    let calls = (0..count).map(|_| json!({"sk": QuoteId::new(h.now())}));
    add_copies(&h.fakes.store, "log", &call, calls).await;
    let (customer, staff) = (h.as_customer(), h.as_staff());
    let mut requests = vec![
        CountedGet::new(&customer, format!("/api/quotes/{quote}")),
        CountedGet::new(&customer, format!("/api/integration/quotes/{quote}/status")),
        CountedGet::new(&customer, format!("/api/proposals/{proposal}")),
        CountedGet::new(&customer, format!("/api/integration/proposals/{proposal}/status")),
        CountedGet::new(&customer, "/api/integration/funders"),
        CountedGet::new(&customer, "/api/funders"),
        CountedGet::new(&customer, format!("/api/customers/{JOHN}")),
        CountedGet::page(&staff, "/api/customers"),
        CountedGet::new(&customer, "/api/vehicles/12345"),
        CountedGet::new(&staff, "/api/vehicles/12345"),
        CountedGet::page(&staff, "/api/vehicles"),
        CountedGet::new(&customer, "/api/quotes?status=FAILED").at_most(SEARCHED),
        CountedGet::new(&staff, "/api/proposals?status=DECLINED").at_most(SEARCHED),
    ];
    for caller in [&customer, &staff] {
        for list in ["quotes", "proposals"] {
            requests.push(CountedGet::page(caller, format!("/api/{list}")));
            requests.push(CountedGet::page(
                caller,
                format!("/api/integration/customers/{JOHN}/{list}"),
            ));
        }
    }
    requests
}

#[tokio::test(start_paused = true)]
async fn the_rows_that_a_route_reads_do_not_grow_with_the_table() {
    reads_do_not_grow(filled).await;
}
