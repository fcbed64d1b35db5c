//! Writes between a request's read and its own write, and instances that crash at any step.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use model::id::CorrelationId;
use model::json::Document;
use runtime::port::store::Write;
use runtime::testing::{Harness, SuspendAt, TestResponse};
use runtime::work::row::Revised;

use super::fixtures::{
    CASE, COMPANY, Route, SCORE, UPDATE, case_row, cases, changes, dealer_with_case, new_dealer, without_progress,
    woken,
};
use crate::Env;
use crate::case::row::ChangeKind;
use crate::case::schema;
use crate::channel::{ApiKey, ChannelRow};
use crate::testing::{interleave, permission};

/// Sends a request whose writes come after these, one turn before each transaction.
async fn meanwhile(dealer: &Harness<Env>, turns: Vec<Vec<Write>>, route: Route, body: &str) -> TestResponse {
    let interleaved = interleave(dealer, turns);
    route.request(&interleaved, "1", body).await
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
            let dealer = dealer_with_case().await;
            let revocation = permission(&dealer, "dealer", revoke).await;
            let got = meanwhile(&dealer, vec![vec![revocation]], route, body).await;
            assert_eq!(got.status, status, "{route:?}: {}", got.text);
            assert_eq!(
                (cases(&dealer).len(), changes(&dealer, 1).await.len()),
                (1, 1),
                "{route:?}"
            );
            assert_eq!(case_row(&dealer, 1).await.dealer, 730);
        }
    }
    let dealer = dealer_with_case().await;
    let revocation = permission(&dealer, "dealer", |channel| channel.permissions.roles.clear()).await;
    assert_eq!(
        meanwhile(&dealer, vec![vec![revocation]], Route::Score, SCORE)
            .await
            .status,
        403
    );
    assert_eq!(changes(&dealer, 1).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn permissions_that_still_suffice_are_enough() {
    let dealer = dealer_with_case().await;
    let more = permission(&dealer, "dealer", |channel| {
        channel.permissions.allowed_dealer_codes.extend([1])
    })
    .await;
    let got = meanwhile(&dealer, vec![vec![more]], Route::Create, COMPANY).await;
    assert_eq!((got.status, cases(&dealer).len()), (201, 2), "{}", got.text);
    let more = permission(&dealer, "dealer", |channel| {
        channel.permissions.allowed_dealer_codes.extend([2])
    })
    .await;
    assert_eq!(
        meanwhile(&dealer, vec![vec![more]], Route::Update, UPDATE).await.status,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn both_of_two_updates_are_kept() {
    let dealer = dealer_with_case().await;
    let mut row = case_row(&dealer, 1).await;
    let mut case = row.document().unwrap();
    let theirs = br#"{"externalSystemReference":"theirs"}"#;
    case.merge(&Document::read(theirs, &schema::UPDATE).unwrap());
    row.set_document(&case).unwrap();
    let kind = ChangeKind::Update;
    let correlation = CorrelationId::new(dealer.now());
    let text = String::from_utf8(theirs.to_vec()).unwrap();
    let theirs = row
        .change(&dealer.env(), kind, text, correlation, dealer.now())
        .unwrap();
    let got = meanwhile(&dealer, vec![theirs], Route::Update, r#"{"brandCode":10}"#).await;
    assert_eq!(
        (got.status, got.json()["externalSystemReference"].as_str()),
        (200, Some("theirs"))
    );
    assert_eq!(without_progress(dealer.get(CASE).await.json()), got.json());
    let all = changes(&dealer, 1).await;
    assert_eq!(all[2].body, r#"{"brandCode":10}"#);
}

#[tokio::test(start_paused = true)]
async fn all_of_many_updates_are_kept() {
    let dealer = dealer_with_case().await;
    let updates: Vec<String> = (0..8).map(|n| format!(r#"{{"note{n}":{n}}}"#)).collect();
    let all = futures_util::future::join_all(updates.iter().map(|body| dealer.put(CASE, body).into_future())).await;
    assert!(all.iter().all(|got| got.status == 200));
    let case = dealer.get(CASE).await.json();
    assert!((0..8).all(|n| case[format!("note{n}")] == n));
    assert_eq!(changes(&dealer, 1).await.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_always_conflicts_is_asked_to_retry() {
    let dealer = dealer_with_case().await;
    let mut turns = Vec::new();
    let mut row = ChannelRow::named(&dealer.env(), "dealer").await.unwrap().unwrap();
    for _ in 1..=20 {
        turns.push(vec![
            row.replace(dealer.env().channels().unwrap(), dealer.now()).unwrap(),
        ]);
    }
    let got = meanwhile(&dealer, turns, Route::Update, UPDATE).await;
    assert_eq!((got.status, got.headers["retry-after"].to_str().unwrap()), (409, "1"));
}

/// Crashes the instance at each of its steps in turn. Then repeats the request with the same key after the lease. Returns the
/// number of steps. `kept` is the number of cases and of changes at the end.
async fn crash_everywhere(route: Route, body: &str, wanted: i64, kept: (usize, usize)) -> u32 {
    for steps in 0.. {
        let dealer = if route == Route::Create {
            new_dealer().await
        } else {
            dealer_with_case().await
        };
        woken(&dealer);
        let crashing = dealer.crash_after(steps);
        let first = route.request(&crashing, "1", body).key("one").attempt().await;
        tokio::time::advance(Duration::from_secs(60)).await;
        let again = route.request(&dealer, "1", body).key("one").await;
        assert_eq!(again.status, wanted, "{route:?} after {steps} steps: {}", again.text);
        let row = cases(&dealer).remove(0);
        let found = (cases(&dealer).len(), changes(&dealer, row.sequence.0).await.len());
        assert_eq!(found, kept, "{route:?} after {steps} steps");
        assert!(
            woken(&dealer).contains(&row.sequence.0),
            "the forwarder has a message, after {steps} steps"
        );
        if route == Route::Create {
            assert_eq!(again.json()["sequence"], row.sequence.0);
        }
        if let Some(first) = first {
            assert_eq!((first.status, first.text), (wanted, again.text));
            return steps;
        }
    }
    unreachable!()
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_crashes_anywhere_leaves_one_case() {
    // Caller, claim, number, message, transaction and the quota's count: two steps each.
    assert_eq!(crash_everywhere(Route::Create, COMPANY, 201, (1, 1)).await, 12);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_crashes_anywhere_leaves_one_change() {
    assert_eq!(crash_everywhere(Route::Update, UPDATE, 200, (1, 2)).await, 10);
    assert_eq!(crash_everywhere(Route::Score, SCORE, 202, (1, 2)).await, 12);
}

#[tokio::test(start_paused = true)]
async fn without_the_queue_or_the_store_requests_fail() {
    let dealer = dealer_with_case().await;
    dealer.fakes.queue.refuse(1);
    let got = dealer.put(CASE, UPDATE).await;
    assert_eq!(
        (got.status, got.json()["Message"].as_str()),
        (503, Some("Temporarily unavailable"))
    );
    assert_eq!(changes(&dealer, 1).await.len(), 1);
    dealer.fakes.store.set_down(true);
    assert_eq!(dealer.put(CASE, UPDATE).await.status, 503);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_outlived_its_lease_creates_no_second_case() {
    let dealer = new_dealer().await;
    // Each after it has claimed the key.
    let (late, next) = (Arc::new(SuspendAt::new(8)), Arc::new(SuspendAt::new(8)));
    let create = async |suspended: &Arc<SuspendAt>| {
        let instance = dealer.faulty(suspended.clone()).kill_after(Duration::from_secs(3600));
        Route::Create.request(&instance, "1", COMPANY).key("one").await
    };
    let taken_over = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        create(&next).await
    };
    let resumed = async {
        tokio::time::sleep(Duration::from_secs(61)).await;
        late.resume();
        tokio::time::sleep(Duration::from_secs(1)).await;
        next.resume();
    };
    let (late, next, ()) = tokio::join!(create(&late), taken_over, resumed);
    assert_eq!((late.status, next.status), (409, 201), "{}", late.text);
    let again = Route::Create.request(&dealer, "1", COMPANY).key("one").await;
    assert_eq!((again.status, again.text), (201, next.text));
    assert_eq!(cases(&dealer).len(), 1);
}
