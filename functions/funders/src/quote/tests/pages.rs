//! Pages put together are the whole list: no quote is missing or comes twice, whenever it was made.

use jiff::{SignedDuration, Timestamp};
use model::id::{CorrelationId, QuoteId};
use model::quote::{QuoteRequest, QuoteStatus};
use runtime::http::list::month_of;
use runtime::port::store::{Store, Written};
use runtime::testing::{Dice, Harness};
use runtime::work::row::Row;

use crate::Env;
use crate::quote::QuoteRow;
use crate::testing::{FundersHarness, JANE, JOHN, each, harness, next, sample};

const ALL: &str = "/api/quotes";
const JOHNS: &str = "/api/integration/customers/john.doe@example.com/quotes";

/// A quote, with the members that filters look at.
#[derive(Clone)]
struct Made {
    id: QuoteId,
    at: Timestamp,
    owner: &'static str,
    email: &'static str,
    funder: &'static str,
    status: &'static str,
}

/// Whether a filter wants it; the times are those of the window.
type Keep = fn(&Made, Timestamp, Timestamp) -> bool;

/// A stored and listed quote.
async fn make(h: &Harness<Env>, dice: &mut Dice, at: Timestamp) -> Made {
    let (owner, email) = [("john", JOHN), ("jane", JANE), ("staff", JOHN), ("staff", JANE)][dice.roll(4)];
    let funder = model::partner::FUNDERS[dice.roll(2)];
    let request: QuoteRequest = serde_json::from_str(&sample(funder).replace(JOHN, email)).unwrap();
    let id = QuoteId::new(at);
    let mut row = QuoteRow::pending(id, owner, &request, CorrelationId::new(at), at).unwrap();
    let status = ["PENDING", "FAILED"][dice.roll(2)];
    if status == "FAILED" {
        row.status = QuoteStatus::Failed;
    }
    let written = h
        .fakes
        .store
        .write(vec![row.create(h.env().table().unwrap()).unwrap()])
        .await;
    assert_eq!(written.unwrap(), Written::Done);
    assert!(h.retry(&format!(r#"{{"id":"{id}","attempt":0}}"#), 1).await);
    Made {
        id,
        at,
        owner,
        email,
        funder,
        status,
    }
}

/// A time in the last 89 days.
fn some_time(h: &Harness<Env>, dice: &mut Dice) -> Timestamp {
    // Many share a second and some a millisecond, and the ends of months are crowded.
    let millis = match dice.roll(3) {
        0 => i64::try_from(dice.roll(89 * 24 * 3600 * 1000)).unwrap(),
        1 => i64::try_from(dice.roll(89 * 24)).unwrap() * 3_600_000,
        _ => {
            let end: Timestamp = "2024-12-01T00:00:00Z".parse().unwrap();
            let near = i64::try_from(dice.roll(7)).unwrap() - 3;
            h.now().as_millisecond() - end.as_millisecond() - near
        }
    };
    h.now() - SignedDuration::from_millis(millis)
}

/// All pages of a list, put together.
async fn all(caller: &Harness<Env>, dice: &mut Dice, path: &str, filter: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..1000 {
        let limit = 1 + dice.roll(30);
        let got = caller.get(&format!("{path}?limit={limit}{filter}{cursor}")).await;
        let page = each(&got, "id");
        assert!(page.len() <= limit);
        found.extend(page);
        match next(&got) {
            Some(next) => cursor = next,
            None => return found,
        }
    }
    panic!("the pages have no end");
}

#[tokio::test(start_paused = true)]
async fn pages_of_any_list_are_complete() {
    for seed in 1..=12 {
        let mut dice = Dice(seed);
        let h = harness();
        let mut made = Vec::new();
        for _ in 0..dice.roll(260) {
            let at = some_time(&h, &mut dice);
            made.push(make(&h, &mut dice, at).await);
        }
        made.sort_by_key(|one| std::cmp::Reverse(one.id));
        let (one, other) = (some_time(&h, &mut dice), some_time(&h, &mut dice));
        let (from, to) = (one.min(other), one.max(other));
        let window = format!("&from={from}&to={to}");
        let table: [(&str, Keep); 4] = [
            ("", |_, _, _| true),
            ("&funder=LEX", |one, _, _| one.funder == "LEX"),
            ("&status=FAILED", |one, _, _| one.status == "FAILED"),
            (&window, |one, from, to| (from..=to).contains(&one.at)),
        ];
        for (filter, keep) in table {
            let wanted = |visible: fn(&Made) -> bool| -> Vec<String> {
                let wanted = made.iter().filter(|one| visible(one) && keep(one, from, to));
                wanted.map(|one| one.id.to_string()).collect()
            };
            let found = all(&h.as_staff(), &mut dice, ALL, filter).await;
            assert_eq!(found, wanted(|_| true), "seed {seed} {filter}");
            let found = all(&h, &mut dice, ALL, filter).await;
            assert_eq!(found, wanted(|one| one.owner == "john"), "seed {seed} {filter}");
        }
        let found = all(&h.as_staff(), &mut dice, JOHNS, "").await;
        let wanted = made.iter().filter(|one| one.email == JOHN);
        let wanted: Vec<_> = wanted.map(|one| one.id.to_string()).collect();
        assert_eq!(found, wanted, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_search_goes_on_from_where_it_stopped() {
    let h = harness();
    let staff = h.as_staff();
    let mut dice = Dice(7);
    let mut wanted = Vec::new();
    for n in 0..1100 {
        let at = h.now() - SignedDuration::from_secs(1200 - n);
        let one = make(&h, &mut dice, at).await;
        if n < 3 && one.funder == "LEX" && one.owner == "staff" {
            wanted.push(one.id.to_string());
        }
    }
    let last = h.now() - SignedDuration::from_secs(1197);
    let first = staff.get(&format!("{ALL}?status=EXPIRED")).await.json();
    assert_eq!(
        (first["data"].as_array().unwrap().len(), first["nextCursor"].is_string()),
        (0, true)
    );
    let found = all(&staff, &mut dice, ALL, &format!("&to={last}")).await;
    assert_eq!(found.len(), 4, "the oldest are found too");
    assert!(wanted.iter().all(|id| found.contains(id)));
    assert!(all(&staff, &mut dice, ALL, "&status=EXPIRED").await.is_empty());
}

#[test]
fn an_id_is_in_the_list_of_its_own_month() {
    for (at, list) in [
        ("2024-12-31T23:59:59.999Z", "Q#2024-12"),
        ("2025-01-01T00:00:00Z", "Q#2025-01"),
        ("2024-02-29T12:00:00Z", "Q#2024-02"),
    ] {
        let id = QuoteId::new(at.parse().unwrap());
        assert_eq!(month_of("Q", id.as_uuid()), list);
    }
}
