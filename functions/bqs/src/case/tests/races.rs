//! What happens between reading and writing, and what is left when a sandbox dies.

use std::time::Duration;

use runtime::store::Write;
use runtime::testing::mortal;

use super::desk::{COMPANY, Desk, Route, SCORE, UPDATE};
use super::meddling::meddling;
use crate::channel::{ApiKey, ChannelRow};
use crate::house::Got;

/// Asks while these writes happen just before its own.
async fn meanwhile(desk: &Desk, turns: Vec<Vec<Write>>, route: Route, body: &str) -> Got {
    let world = &desk.house.world;
    let meddled = desk.on(meddling(world.ports(), &world.store, turns));
    meddled.ask(route, "1", body).await
}

#[tokio::test(start_paused = true)]
async fn permissions_revoked_between_read_and_write_are_revoked() {
    type Revoke = fn(&mut ChannelRow);
    let revocations: [(Revoke, i64); 5] = [
        (|channel| channel.permissions.roles.clear(), 403),
        (|channel| channel.permissions.allowed_dealer_codes.clear(), 403),
        (|channel| channel.permissions.allowed_brand_codes.clear(), 403),
        (|channel| channel.permissions.allowed_agreements.clear(), 403),
        (
            |channel| channel.key_hash = ApiKey::generate("dealer").unwrap().hash(),
            401,
        ),
    ];
    for (route, body) in [
        (Route::Create, COMPANY),
        (Route::Update, r#"{"dealer":808,"brandCode":1,"agreementCode":2700}"#),
    ] {
        for (revoke, status) in revocations {
            let desk = Desk::with_case().await;
            let revocation = desk.permission(revoke).await;
            let got = meanwhile(&desk, vec![vec![revocation]], route, body).await;
            assert_eq!(got.status, status, "{route:?}: {}", got.text);
            assert_eq!((desk.cases().len(), desk.changes(1).await.len()), (1, 1), "{route:?}");
            assert_eq!(desk.row(1).await.dealer, 730);
        }
    }
    let desk = Desk::with_case().await;
    let revocation = desk.permission(|channel| channel.permissions.roles.clear()).await;
    assert_eq!(
        meanwhile(&desk, vec![vec![revocation]], Route::Score, SCORE)
            .await
            .status,
        403
    );
    assert_eq!(desk.changes(1).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn permissions_that_still_suffice_are_enough() {
    let desk = Desk::with_case().await;
    let more = desk
        .permission(|channel| channel.permissions.allowed_dealer_codes.extend([1]))
        .await;
    let got = meanwhile(&desk, vec![vec![more]], Route::Create, COMPANY).await;
    assert_eq!((got.status, desk.cases().len()), (201, 2), "{}", got.text);
    let more = desk
        .permission(|channel| channel.permissions.allowed_dealer_codes.extend([2]))
        .await;
    assert_eq!(
        meanwhile(&desk, vec![vec![more]], Route::Update, UPDATE).await.status,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn both_of_two_updates_are_kept() {
    let desk = Desk::with_case().await;
    let mut row = desk.row(1).await;
    let mut case = row.document().unwrap();
    let asked = br#"{"externalSystemReference":"theirs"}"#;
    case.merge(&crate::json::Document::read(asked, &crate::case::schema::UPDATE).unwrap());
    row.set_document(&case).unwrap();
    let kind = crate::case::row::ChangeKind::Update;
    let correlation = model::id::CorrelationId::new(desk.house.clock.now());
    let text = String::from_utf8(asked.to_vec()).unwrap();
    let theirs = row
        .change(&desk.house.env, kind, text, correlation, desk.house.clock.now())
        .unwrap();
    let got = meanwhile(&desk, vec![theirs], Route::Update, r#"{"brandCode":10}"#).await;
    assert_eq!(
        (got.status, got.json()["externalSystemReference"].as_str()),
        (200, Some("theirs"))
    );
    assert_eq!(desk.get().await.json(), got.json());
    let changes = desk.changes(1).await;
    assert_eq!(changes[2].body, r#"{"brandCode":10}"#);
}

#[tokio::test(start_paused = true)]
async fn all_of_many_updates_are_kept() {
    let desk = Desk::with_case().await;
    let updates: Vec<String> = (0..8).map(|n| format!(r#"{{"note{n}":{n}}}"#)).collect();
    let all = futures_util::future::join_all(updates.iter().map(|body| desk.update(body))).await;
    assert!(all.iter().all(|got| got.status == 200));
    let case = desk.get().await.json();
    assert!((0..8).all(|n| case[format!("note{n}")] == n));
    assert_eq!(desk.changes(1).await.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn whoever_always_comes_too_late_is_told_to_ask_again() {
    let desk = Desk::with_case().await;
    let mut turns = Vec::new();
    for revision in 1..=20 {
        let mut row = ChannelRow::load(&desk.house.env, "dealer").await.unwrap().unwrap();
        row.revision = revision + 1;
        turns.push(vec![row.replace(&desk.house.env, revision).unwrap()]);
    }
    let got = meanwhile(&desk, turns, Route::Update, UPDATE).await;
    assert_eq!((got.status, got.headers["retry-after"].to_str().unwrap()), (409, "1"));
}

/// Lets the sandbox die at each of its steps in turn, then asks again with the same key once the lease is over. Returns at
/// how many steps it died.
async fn dying(route: Route, body: &str, wanted: i64, cases: usize, changes: usize) -> u32 {
    for steps in 0.. {
        let desk = if route == Route::Create {
            Desk::new().await
        } else {
            Desk::with_case().await
        };
        desk.woken();
        let headers = [("x-api-key", desk.key.as_str()), ("idempotency-key", "one")];
        let dying = desk.on(mortal(desk.house.world.ports(), steps));
        let first = tokio::time::timeout(Duration::from_secs(28), dying.ask_with(route, "1", body, &headers)).await;
        tokio::time::advance(Duration::from_secs(60)).await;
        let again = desk.ask_with(route, "1", body, &headers).await;
        assert_eq!(again.status, wanted, "{route:?} after {steps} steps: {}", again.text);
        assert_eq!(desk.cases().len(), cases, "{route:?} after {steps} steps");
        let row = desk.cases().remove(0);
        assert_eq!(
            desk.changes(row.sequence.0).await.len(),
            changes,
            "{route:?} after {steps} steps"
        );
        assert!(
            desk.woken().contains(&row.sequence.0),
            "the forwarder knows, after {steps} steps"
        );
        if route == Route::Create {
            assert_eq!(again.json()["sequence"], row.sequence.0);
        }
        if let Ok(first) = first {
            assert_eq!((first.status, first.text), (wanted, again.text));
            return steps;
        }
    }
    unreachable!()
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_that_dies_anywhere_leaves_one_case() {
    // Who calls, the claim, the number, the wake-up and the transaction: two steps each.
    assert_eq!(dying(Route::Create, COMPANY, 201, 1, 1).await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_that_dies_anywhere_leaves_one_change() {
    assert_eq!(dying(Route::Update, UPDATE, 200, 1, 2).await, 8);
    assert_eq!(dying(Route::Score, SCORE, 202, 1, 2).await, 10);
}

#[tokio::test(start_paused = true)]
async fn without_the_queue_or_the_store_nothing_is_promised() {
    let desk = Desk::with_case().await;
    desk.house.world.outbox.refuse(1);
    let got = desk.update(UPDATE).await;
    assert_eq!(
        (got.status, got.json()["Message"].as_str()),
        (503, Some("Temporarily unavailable"))
    );
    assert_eq!(desk.changes(1).await.len(), 1);
    desk.house.world.store.set_down(true);
    assert_eq!(desk.update(UPDATE).await.status, 503);
}
