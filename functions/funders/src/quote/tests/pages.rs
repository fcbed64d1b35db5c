//! Pages put together are the whole list: nothing is missing, nothing comes twice, whatever was made when.

use jiff::{SignedDuration, Timestamp};
use model::id::{CorrelationId, QuoteId};
use model::quote::{QuoteRequest, QuoteStatus};
use runtime::listing::month_of;
use runtime::store::{Outcome, Store};

use super::house::{House, JOHN, Random, sample};
use crate::customer;
use crate::quote::{QuoteRow, list};

const JANE: &str = "jane@example.com";

/// What a list is expected to tell apart.
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

/// A quote made some time in the last 89 days, stored and filed.
async fn make(house: &House, random: &mut Random, at: Timestamp) -> Made {
    let (owner, email) = [("john", JOHN), ("jane", JANE), ("staff", JOHN), ("staff", JANE)][below(random, 4)];
    let funder = partners::FUNDERS[below(random, 2)];
    let ask: QuoteRequest = serde_json::from_str(&sample(funder).replace(JOHN, email)).unwrap();
    let id = QuoteId::new(at);
    let mut row = QuoteRow::pending(id, owner, &ask, CorrelationId::new(at), at).unwrap();
    let status = ["PENDING", "FAILED"][below(random, 2)];
    if status == "FAILED" {
        row.status = QuoteStatus::Failed;
    }
    let written = house.world.store.write(vec![row.create(&house.env).unwrap()]).await;
    assert_eq!(written.unwrap(), Outcome::Done);
    assert!(house.deliver(&format!(r#"{{"id":"{id}","attempt":0}}"#), 1).await);
    Made {
        id,
        at,
        owner,
        email,
        funder,
        status,
    }
}

fn below(random: &mut Random, n: usize) -> usize {
    usize::try_from(random.below(u64::try_from(n).unwrap())).unwrap()
}

fn some_time(house: &House, random: &mut Random) -> Timestamp {
    // Many share a second and some a millisecond, and the ends of months are crowded.
    let millis = match random.below(3) {
        0 => i64::try_from(random.below(89 * 24 * 3600 * 1000)).unwrap(),
        1 => i64::try_from(random.below(89 * 24)).unwrap() * 3_600_000,
        _ => {
            let end: Timestamp = "2024-12-01T00:00:00Z".parse().unwrap();
            let near = i64::try_from(random.below(7)).unwrap() - 3;
            house.now().as_millisecond() - end.as_millisecond() - near
        }
    };
    house.now() - SignedDuration::from_millis(millis)
}

/// All pages of a list, put together.
async fn all(house: &House, random: &mut Random, token: &str, of: Option<&str>, filter: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..1000 {
        let limit = 1 + random.below(30);
        let query = format!("limit={limit}{filter}{cursor}");
        let got = match of {
            Some(email) => {
                house
                    .get(customer::quotes::quotes, token, &[("email", email)], &query)
                    .await
            }
            None => house.get(list::list, token, &[], &query).await,
        };
        assert_eq!(got.status, 200, "{query}: {}", got.text);
        let page = got.json();
        let rows = page["data"].as_array().unwrap();
        assert!(rows.len() <= usize::try_from(limit).unwrap());
        found.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
    panic!("the pages have no end");
}

#[tokio::test(start_paused = true)]
async fn pages_of_anything_are_complete() {
    for seed in 1..=12 {
        let mut random = Random::new(seed);
        let house = House::new();
        let mut made = Vec::new();
        for _ in 0..random.below(260) {
            let at = some_time(&house, &mut random);
            made.push(make(&house, &mut random, at).await);
        }
        made.sort_by_key(|one| std::cmp::Reverse(one.id));
        let (one, other) = (some_time(&house, &mut random), some_time(&house, &mut random));
        let (from, to) = (one.min(other), one.max(other));
        let window = format!("&from={from}&to={to}");
        let table: [(&str, Keep); 4] = [
            ("", |_, _, _| true),
            ("&funder=LEX", |one, _, _| one.funder == "LEX"),
            ("&status=FAILED", |one, _, _| one.status == "FAILED"),
            (&window, |one, from, to| (from..=to).contains(&one.at)),
        ];
        for (filter, keep) in table {
            let wanted = |who: fn(&Made) -> bool| -> Vec<String> {
                let wanted = made.iter().filter(|one| who(one) && keep(one, from, to));
                wanted.map(|one| one.id.to_string()).collect()
            };
            let (staff, john) = (house.staff(), house.john());
            let found = all(&house, &mut random, &staff, None, filter).await;
            assert_eq!(found, wanted(|_| true), "seed {seed} {filter}");
            let found = all(&house, &mut random, &john, None, filter).await;
            assert_eq!(found, wanted(|one| one.owner == "john"), "seed {seed} {filter}");
        }
        let found = all(&house, &mut random, &house.staff(), Some(JOHN), "").await;
        let wanted = made.iter().filter(|one| one.email == JOHN);
        assert_eq!(
            found,
            wanted.map(|one| one.id.to_string()).collect::<Vec<_>>(),
            "seed {seed}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_search_goes_on_from_where_it_stopped() {
    let house = House::new();
    let mut random = Random::new(7);
    let mut wanted = Vec::new();
    for n in 0..1100 {
        let at = house.now() - SignedDuration::from_secs(1200 - n);
        let one = make(&house, &mut random, at).await;
        if n < 3 && one.funder == "LEX" && one.owner == "staff" {
            wanted.push(one.id.to_string());
        }
    }
    let last = house.now() - SignedDuration::from_secs(1197);
    let first = house
        .get(list::list, &house.staff(), &[], "status=EXPIRED")
        .await
        .json();
    assert_eq!(
        (first["data"].as_array().unwrap().len(), first["nextCursor"].is_string()),
        (0, true)
    );
    let found = all(&house, &mut random, &house.staff(), None, &format!("&to={last}")).await;
    assert_eq!(found.len(), 4, "the oldest are found too");
    assert!(wanted.iter().all(|id| found.contains(id)));
    assert!(
        all(&house, &mut random, &house.staff(), None, "&status=EXPIRED")
            .await
            .is_empty()
    );
}

#[test]
fn an_id_stands_in_the_list_of_its_own_month() {
    for (at, list) in [
        ("2024-12-31T23:59:59.999Z", "Q#2024-12"),
        ("2025-01-01T00:00:00Z", "Q#2025-01"),
        ("2024-02-29T12:00:00Z", "Q#2024-02"),
    ] {
        let id = QuoteId::new(at.parse().unwrap());
        assert_eq!(month_of("Q", id.as_uuid()), list);
    }
}
