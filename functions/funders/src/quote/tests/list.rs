//! `GET /api/quotes`, `GET /api/quotes/{quoteId}` and a customer's quotes: what each caller sees, and what is refused.

use std::time::Duration;

use runtime::testing::{Harness, Script, TestResponse};
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, JANE, JOHN, SAMPLE, each, good, harness, priced};

async fn request(caller: &Harness<Env>, query: &str) -> TestResponse {
    caller.get(&format!("/api/quotes?{query}")).await
}

async fn ids(caller: &Harness<Env>, query: &str) -> Vec<String> {
    each(&request(caller, query).await, "id")
}

#[tokio::test(start_paused = true)]
async fn customers_see_their_own_and_staff_all() {
    let h = harness();
    h.fakes.transport.script([], good());
    let first = h.listed_quote("LEX", "john", JOHN).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    let theirs = h.listed_quote("LEX", "jane", JANE).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    let last = h.listed_quote("ALPHABET", "john", JOHN).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    // Another account with the same address owns its own quotes only.
    let twin = h.listed_quote("LEX", "twin", JOHN).await;
    assert_eq!(ids(&h, "").await, [last.as_str(), &first]);
    assert_eq!(ids(&h.as_person("jane", JANE, &[]), "").await, [theirs.as_str()]);
    assert_eq!(ids(&h.as_person("unverified", "", &[]), "").await, [""; 0]);
    for caller in [h.as_staff(), h.as_admin()] {
        assert_eq!(ids(&caller, "").await, [twin.as_str(), &last, &theirs, &first]);
    }
    assert_eq!(request(&h.anonymous(), "").await.status, 401);
    let got = request(&h, "limit=1").await.json();
    let status = h.get(&format!("/api/integration/quotes/{last}/status")).await;
    assert_eq!(got["data"][0], status.data(), "the same quote on each route");
    assert_eq!((&got["success"], &got["message"]), (&json!(true), &json!("Quotes")));
}

#[tokio::test(start_paused = true)]
async fn filters_narrow_the_list() {
    let h = harness();
    h.fakes.transport.script([priced(), Script::answer(422, "{}")], good());
    let generated = h.listed_quote("LEX", "john", JOHN).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let failed = h.listed_quote("LEX", "john", JOHN).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let other = h.listed_quote("ALPHABET", "john", JOHN).await;
    for caller in [h.as_customer(), h.as_staff()] {
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
            ("from=2024-12-30T11:21:00+01:00", vec![&other, &failed]),
            ("from=2024-12-30T10:21:00Z&funder=LEX&status=FAILED", vec![&failed]),
            ("from=2030-01-01T00:00:00Z", vec![]),
            ("to=1969-01-01T00:00:00Z", vec![]),
            (
                "from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z",
                vec![&other, &failed, &generated],
            ),
        ] {
            let wanted: Vec<_> = wanted.into_iter().cloned().collect();
            assert_eq!(ids(&caller, query).await, wanted, "{query}");
        }
    }
    tokio::time::advance(Duration::from_secs(40 * 3600)).await;
    let john = h.as_customer();
    let expired = ids(&john, "status=EXPIRED").await;
    assert_eq!(expired, [other.as_str(), &generated], "as they are now");
    assert!(ids(&john, "status=GENERATED").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn bad_parameters_are_refused() {
    let h = harness();
    h.fakes.transport.script([], good());
    h.listed_quote("LEX", "john", JOHN).await;
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
        for caller in [h.as_customer(), h.as_staff()] {
            let got = request(&caller, query).await;
            assert_eq!(
                (got.status, got.field().as_str()),
                (422, field),
                "{query}: {}",
                got.text
            );
        }
    }
    assert_eq!(request(&h, "limit=1&limit=2").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_forged_cursor_shows_only_the_callers_own() {
    let h = harness();
    h.fakes.transport.script([], good());
    let id = h.listed_quote("LEX", "jane", JANE).await;
    // Before everything, after everything, and below the window's start.
    for cursor in ["AAAAAAAAAAAAAAAAAAAAAA", "_____________________w"] {
        for query in [
            format!("cursor={cursor}"),
            format!("cursor={cursor}&from=2024-12-01T00:00:00Z"),
        ] {
            assert!(ids(&h, &query).await.is_empty());
            let all = ids(&h.as_staff(), &query).await;
            assert_eq!(all.contains(&id), cursor.starts_with('_'), "{query}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn limits_hold_at_both_ends() {
    let h = harness();
    h.fakes.transport.script([], good());
    for _ in 0..25 {
        h.post(GENERATE, SAMPLE).await;
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    h.first_look().await;
    for (query, rows, more) in [
        ("", 20, true),
        ("limit=1", 1, true),
        ("limit=25", 25, false),
        ("limit=100", 25, false),
    ] {
        let got = request(&h, query).await;
        assert_eq!(
            (each(&got, "id").len(), got.json()["nextCursor"].is_string()),
            (rows, more),
            "{query}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_quote_is_shown_to_its_owner_and_to_staff() {
    let h = harness();
    h.fakes.transport.script([], good());
    let id = h.listed_quote("ALPHABET", "john", JOHN).await;
    let path = format!("/api/quotes/{id}");
    let got = h.get(&path).await;
    let listed: Value = request(&h, "").await.data()[0].clone();
    assert_eq!((got.status, &got.data()), (200, &listed));
    assert_eq!(
        (&listed["monthlyPayment"], &listed["externalQuoteId"]),
        (&json!(450.0), &json!("CW-1"))
    );
    assert_eq!(h.as_staff().get(&path).await.status, 200);
    let jane = h.as_person("jane", JANE, &[]);
    let theirs = jane.get(&path).await;
    for absent in ["0190d5a0-0000-7000-8000-000000000001", "nonsense", "%2e%2e", "' OR 1=1"] {
        let absent = jane.get(&path).path("quoteId", absent).await;
        assert_eq!((theirs.status, &theirs.text), (404, &absent.text));
    }
    assert_eq!(h.anonymous().get(&path).await.status, 401);
}
