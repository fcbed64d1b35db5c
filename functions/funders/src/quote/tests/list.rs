//! `GET /api/quotes`, `GET /api/quotes/{quoteId}` and a customer's quotes: who sees what, and what is refused.

use std::time::Duration;

use runtime::testing::Play;
use serde_json::{Value, json};

use super::house::{Got, House, JOHN, good, priced};
use crate::quote::{get, list};

const JANE: &str = "jane@example.com";

async fn ask(house: &House, token: &str, query: &str) -> Got {
    house.get(list::list, token, &[], query).await
}

fn ids(got: &Got) -> Vec<String> {
    assert_eq!(got.status, 200, "{}", got.text);
    let data = got.json()["data"].as_array().unwrap().clone();
    data.iter()
        .map(|quote| quote["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn customers_see_their_own_and_staff_all() {
    let house = House::new();
    house.world.stage.script([], good());
    let first = house.filed("LEX", "john", JOHN).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    let theirs = house.filed("LEX", "jane", JANE).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    let last = house.filed("ALPHABET", "john", JOHN).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    // Another account with the same address owns its own quotes only.
    let twin = house.filed("LEX", "twin", JOHN).await;
    let john = house.john();
    assert_eq!(ids(&ask(&house, &john, "").await), [last.as_str(), &first]);
    assert_eq!(
        ids(&ask(&house, &house.token("jane", JANE, &[]), "").await),
        [theirs.as_str()]
    );
    assert_eq!(ids(&ask(&house, &house.token("nobody", "", &[]), "").await), [""; 0]);
    for token in [house.staff(), house.admin()] {
        assert_eq!(
            ids(&ask(&house, &token, "").await),
            [twin.as_str(), &last, &theirs, &first]
        );
    }
    assert_eq!(ask(&house, "", "").await.status, 401);
    let got = ask(&house, &john, "limit=1").await.json();
    let status = house.status(&john, &last).await.json();
    assert_eq!(got["data"][0], status["data"], "the same quote everywhere");
    assert_eq!((&got["success"], &got["message"]), (&json!(true), &json!("Quotes")));
}

#[tokio::test(start_paused = true)]
async fn filters_narrow_the_list() {
    let house = House::new();
    house.world.stage.script([priced(), Play::answer(422, "{}")], good());
    let generated = house.filed("LEX", "john", JOHN).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let failed = house.filed("LEX", "john", JOHN).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let other = house.filed("ALPHABET", "john", JOHN).await;
    for token in [house.john(), house.staff()] {
        for (query, wanted) in [
            ("funder=LEX", vec![&failed, &generated]),
            ("funder=ALPHABET", vec![&other]),
            ("funder=lex", vec![]),
            ("status=GENERATED", vec![&other, &generated]),
            ("status=FAILED", vec![&failed]),
            ("status=PENDING", vec![]),
            ("from=2024-12-30T10:21:00Z", vec![&other, &failed]),
            ("to=2024-12-30T10:21:00Z", vec![&failed, &generated]),
            ("from=2024-12-30T10:21:00Z&to=2024-12-30T10:21:00Z", vec![&failed]),
            ("from=2024-12-30T11:21:00%2B01:00", vec![&other, &failed]),
            ("from=2024-12-30T10:21:00Z&funder=LEX&status=FAILED", vec![&failed]),
            ("from=2030-01-01T00:00:00Z", vec![]),
            ("to=1969-01-01T00:00:00Z", vec![]),
            (
                "from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z",
                vec![&other, &failed, &generated],
            ),
        ] {
            assert_eq!(
                ids(&ask(&house, &token, query).await),
                wanted.into_iter().cloned().collect::<Vec<_>>(),
                "{query}"
            );
        }
    }
    tokio::time::advance(Duration::from_secs(40 * 3600)).await;
    let john = house.john();
    let expired = ids(&ask(&house, &john, "status=EXPIRED").await);
    assert_eq!(expired, [other.as_str(), &generated], "as they are now");
    assert!(ids(&ask(&house, &john, "status=GENERATED").await).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused() {
    let house = House::new();
    house.world.stage.script([], good());
    house.filed("LEX", "john", JOHN).await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=1e1", "limit"),
        ("limit=65537", "limit"),
        ("cursor=", "cursor"),
        ("cursor=!", "cursor"),
        ("cursor=null", "cursor"),
        ("cursor=AZDVoAAAcACAAAAAAAAA", "cursor"),
        ("cursor=AZDVoAAAcACAAAAAAAAAAQ==", "cursor"),
        ("cursor=0190d5a0-0000-7000-8000-000000000001", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=..%2f..%2f", "cursor"),
        ("cursor=' OR 1=1", "cursor"),
        ("status=generated", "status"),
        ("status=DELETED", "status"),
        ("from=yesterday", "from"),
        ("to=2024-13-01T00:00:00Z", "to"),
        ("from=2024-12-31T00:00:00Z&to=2024-12-30T00:00:00Z", "from"),
        (&format!("funder={}", "L".repeat(41)), "funder"),
        (&format!("cursor={}", "A".repeat(5000)), "cursor"),
    ] {
        for token in [house.john(), house.staff()] {
            let got = ask(&house, &token, query).await;
            assert_eq!(
                (got.status, &got.json()["errors"][0]["field"]),
                (422, &json!(field)),
                "{query}: {}",
                got.text
            );
        }
    }
    assert_eq!(ask(&house, &house.john(), "limit=1&limit=2").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_was_made_up_finds_nothing_that_is_not_the_callers() {
    let house = House::new();
    house.world.stage.script([], good());
    let id = house.filed("LEX", "jane", JANE).await;
    let john = house.john();
    // Before everything, after everything, and below the window's start.
    for cursor in ["AAAAAAAAAAAAAAAAAAAAAA", "_____________________w"] {
        for query in [
            format!("cursor={cursor}"),
            format!("cursor={cursor}&from=2024-12-01T00:00:00Z"),
        ] {
            assert!(ids(&ask(&house, &john, &query).await).is_empty());
            let all = ids(&ask(&house, &house.staff(), &query).await);
            assert_eq!(all.contains(&id), cursor.starts_with('_'), "{query}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn limits_hold_at_both_ends() {
    let house = House::new();
    house.world.stage.script([], good());
    for _ in 0..25 {
        house.quote(&[]).await;
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    house.watch().await;
    for (query, rows, more) in [
        ("", 20, true),
        ("limit=1", 1, true),
        ("limit=25", 25, false),
        ("limit=100", 25, false),
    ] {
        let got = ask(&house, &house.john(), query).await;
        assert_eq!(
            (ids(&got).len(), got.json()["nextCursor"].is_string()),
            (rows, more),
            "{query}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_quote_is_seen_by_whoever_made_it() {
    let house = House::new();
    house.world.stage.script([], good());
    let id = house.filed("ALPHABET", "john", JOHN).await;
    let one = async |token: &str, id: &str| house.get(get::get, token, &[("quoteId", id)], "").await;
    let got = one(&house.john(), &id).await;
    let listed: Value = ask(&house, &house.john(), "").await.json()["data"][0].clone();
    assert_eq!((got.status, &got.json()["data"]), (200, &listed));
    assert_eq!(
        (&listed["monthlyPayment"], &listed["externalQuoteId"]),
        (&json!(450.0), &json!("CW-1"))
    );
    assert_eq!(one(&house.staff(), &id).await.status, 200);
    let jane = house.token("jane", JANE, &[]);
    let theirs = one(&jane, &id).await;
    for absent in ["0190d5a0-0000-7000-8000-000000000001", "nonsense", "%2e%2e", "' OR 1=1"] {
        let absent = one(&jane, absent).await;
        assert_eq!((theirs.status, &theirs.text), (404, &absent.text));
    }
    assert_eq!(one("", &id).await.status, 401);
}
