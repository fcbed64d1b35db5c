//! A case from its creation on: changed, read and scored, with every change stored for the forwarder.

use std::future::IntoFuture;
use std::time::Duration;

use serde_json::json;

use super::fixtures::{
    BOTH, CASE, CASES, COMPANY, CONSENT, DEALERS, PRIVATE, Route, SCORE, UPDATE, case_row, cases, changes,
    dealer_with_case, json as parsed, new_dealer, without_progress, woken,
};
use crate::case::row::{ChangeKind, ChangeRow};
use crate::message::moment::DanishTime;
use crate::testing::channel;

/// The stored form of a sample: one casing, and amounts as numbers.
fn canonical(sample: &str) -> serde_json::Value {
    let casing = [
        ("moneyvalue", "moneyValue"),
        ("\"Value\"", "\"value\""),
        ("OpenCharge", "openCharge"),
        (r#""moneyValue": "100000""#, r#""moneyValue": 100000"#),
        (r#""moneyValue": "2600000""#, r#""moneyValue": 2600000"#),
        (r#""moneyValue": "2100000""#, r#""moneyValue": 2100000"#),
    ];
    parsed(
        &casing
            .iter()
            .fold(sample.to_owned(), |text, (from, to)| text.replace(from, to)),
    )
}

#[tokio::test(start_paused = true)]
async fn the_samples_are_created_and_read_again() {
    let dealer = new_dealer().await;
    for (sequence, sample) in [(1, PRIVATE), (2, COMPANY)] {
        let got = dealer.post(CASES, sample).await;
        assert_eq!(
            (got.status, got.text.as_str()),
            (201, format!(r#"{{"sequence":{sequence}}}"#).as_str())
        );
        assert_eq!(got.location(), Some(format!("/v1/bqs-case/case/{sequence}")));
        assert_eq!(woken(&dealer), [sequence]);
        let mut wanted = canonical(sample);
        let created = changes(&dealer, sequence).await;
        assert_eq!((created.len(), created[0].kind), (1, ChangeKind::Create));
        assert_eq!(parsed(&created[0].body), wanted);
        wanted["sequence"] = sequence.into();
        let got = Route::Get.request(&dealer, &sequence.to_string(), "").await;
        assert_eq!((got.status, without_progress(got.json())), (200, wanted));
    }
    assert_eq!(case_row(&dealer, 1).await.channel, "dealer");
}

#[tokio::test(start_paused = true)]
async fn the_sample_update_changes_what_it_names() {
    let dealer = dealer_with_case().await;
    woken(&dealer);
    let got = dealer.put(CASE, UPDATE).await;
    let mut wanted = canonical(COMPANY);
    wanted["sequence"] = 1.into();
    wanted["agreementCode"] = 2700.into();
    wanted["brandCode"] = 1.into();
    wanted["externalSystemReference"] = "2ATT6-39000-F200".into();
    wanted["calculation"]["monthlyAmount"] = 8000.into();
    wanted["calculation"]["administrationFee"] = 2000.into();
    assert_eq!((got.status, got.json()), (200, wanted.clone()));
    assert_eq!(without_progress(dealer.get(CASE).await.json()), wanted);
    assert_eq!(woken(&dealer), [1]);
    let all = changes(&dealer, 1).await;
    assert_eq!((all[1].n, all[1].kind), (2, ChangeKind::Update));
    assert_eq!(parsed(&all[1].body), parsed(UPDATE));
    // The same update again adds no change.
    assert_eq!(dealer.put(CASE, UPDATE).await.json(), wanted);
    assert_eq!((changes(&dealer, 1).await.len(), woken(&dealer).len()), (2, 0));
    // Also if its values are written in another way, and its members in another order.
    let list = r#"{"caseVariables":[{"typeCode":1,"moneyValue":2.50,"Unknown":{"a":1,"b":2}}]}"#;
    let first = dealer.put(CASE, list).await;
    assert_eq!((first.status, woken(&dealer).len()), (200, 1));
    let same = r#"{"caseVariables":[{"unknown":{"b":2.0,"a":1},"moneyvalue":"2.5","typeCode":1.0}]}"#;
    let same = same.replace("unknown", "Unknown");
    let again = dealer.put(CASE, same).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!((changes(&dealer, 1).await.len(), woken(&dealer).len()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_case_shows_what_became_of_each_request_before_anything_is_sent() {
    let dealer = dealer_with_case().await;
    // The sample case has `startConsent`.
    assert_eq!(Route::Score.request(&dealer, "1", SCORE).await.status, 202);
    let progress = dealer.get(CASE).await.json()["progress"].clone();
    let at = DanishTime::from(dealer.now());
    assert_eq!(
        progress,
        json!({
            "scoring": {"state": "pending", "requestedAt": at},
            "consent": {"state": "pending", "requestedAt": at},
            "documents": [],
            "forwarding": {"state": "pending", "changes": 2, "done": 0},
        })
    );
    // A client that sends back what it read changes nothing by it.
    let got = dealer
        .put(CASE, r#"{"progress":{"forwarding":{"state":"accepted"}}}"#)
        .await;
    assert_eq!((got.status, changes(&dealer, 1).await.len()), (200, 2));
    assert!(!got.text.contains("progress"), "{}", got.text);
}

#[tokio::test(start_paused = true)]
async fn unknown_members_are_kept_and_cleared_like_known_ones() {
    let dealer = dealer_with_case().await;
    let first = r#"{"Future":{"a":1.500,"B":[1,{"c":null}]},"calculation":{"rounding":"up","downPayment":null}}"#;
    let got = dealer.put(CASE, first).await;
    assert!(
        got.text.contains(r#""Future":{"a":1.500,"B":[1,{"c":null}]}"#),
        "{}",
        got.text
    );
    assert!(
        !got.text.contains("downPayment") && got.text.contains(r#""rounding":"up""#),
        "{}",
        got.text
    );
    // The change for upstream has the cleared members.
    assert_eq!(changes(&dealer, 1).await[1].body, first);
    let got = dealer.put(CASE, r#"{"FUTURE":{"b":null},"customer":null}"#).await;
    assert!(got.text.contains(r#""Future":{"a":1.500}"#), "{}", got.text);
    assert_eq!(got.json()["customer"], json!(null));
    assert!(!got.text.contains("customer"));
}

#[tokio::test(start_paused = true)]
async fn codes_of_different_lists_are_different_codes() {
    let dealer = dealer_with_case().await;
    let case = dealer.get(CASE).await.json();
    let object = &case["caseObject"];
    assert_eq!(object["accessories"][0]["typeCode"], 400);
    assert_eq!(
        object["objectRegistry"]["variables"][3],
        json!({"typeCode": 400, "value": "M1"})
    );
    let body = r#"{"caseVariables":[{"typeCode":10001,"value":"400"}],"caseObject":{"expenses":[{"typeCode":400,"amount":1}]}}"#;
    let got = dealer.put(CASE, body).await.json();
    assert_eq!(got["caseVariables"], json!([{"typeCode": 10001, "value": "400"}]));
    assert_eq!(got["caseObject"]["expenses"], json!([{"typeCode": 400, "amount": 1}]));
    assert_eq!(got["caseObject"]["accessories"], object["accessories"]);
}

#[tokio::test(start_paused = true)]
async fn scoring_and_consent_run_once_at_a_time() {
    let dealer = dealer_with_case().await;
    let kinds = |all: Vec<ChangeRow>| -> Vec<ChangeKind> { all.iter().map(|change| change.kind).collect() };
    let accepted = async |route: Route, body: &str| {
        let got = route.request(&dealer, "1", body).await;
        assert_eq!((got.status, got.text.as_str()), (202, ""), "{body}");
    };
    for _ in 0..2 {
        accepted(Route::Score, SCORE).await;
    }
    // The sample case has `startConsent`.
    accepted(Route::Consent, &CONSENT.replace("72639057", "76198268")).await;
    accepted(Route::Consent, CONSENT).await;
    let all = changes(&dealer, 1).await;
    assert_eq!(parsed(&all[1].body), parsed(SCORE));
    assert_eq!(parsed(&all[2].body), parsed(CONSENT));
    assert_eq!(kinds(all), [ChangeKind::Create, ChangeKind::Score, ChangeKind::Consent]);
    assert_eq!(woken(&dealer), [1, 1, 1]);
    let got = dealer.put(CASE, r#"{"startScoring":true,"startConsent":true}"#).await;
    assert_eq!(got.json()["startScoring"], true);
    // Both are running, so the change for upstream starts neither.
    let change = changes(&dealer, 1).await.remove(3);
    assert_eq!(change.body, r#"{"startScoring":false,"startConsent":false}"#);
    tokio::time::advance(Duration::from_secs(15 * 60)).await;
    accepted(Route::Score, SCORE).await;
    assert_eq!(changes(&dealer, 1).await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn only_so_much_runs_for_one_case() {
    let dealer = dealer_with_case().await;
    for n in 0..49 {
        let body = format!(r#"{{"organizationNumber":"{n}"}}"#);
        assert_eq!(Route::Score.request(&dealer, "1", &body).await.status, 202);
    }
    let got = Route::Score
        .request(&dealer, "1", r#"{"organizationNumber":"50"}"#)
        .await;
    assert_eq!((got.status, got.headers["retry-after"].to_str().unwrap()), (429, "60"));
}

#[tokio::test(start_paused = true)]
async fn a_key_is_answered_once() {
    let dealer = new_dealer().await;
    for turn in 0..3 {
        let got = dealer.post(CASES, COMPANY).key("one").await;
        assert_eq!((got.status, got.text.as_str()), (201, r#"{"sequence":1}"#));
        assert_eq!(got.headers.contains_key("idempotent-replayed"), turn > 0);
        assert_eq!(got.location().as_deref(), Some("/v1/bqs-case/case/1"));
    }
    assert_eq!(dealer.post(CASES, PRIVATE).key("one").await.status, 422);
    assert_eq!(cases(&dealer).len(), 1);
    for _ in 0..2 {
        let again = Route::Score.request(&dealer, "1", SCORE).key("one");
        assert_eq!(again.await.status, 202);
        // The first run is over by then, and the same request still starts nothing.
        tokio::time::advance(Duration::from_secs(20 * 60)).await;
    }
    let spelt = Route::Score.request(&dealer, "001", SCORE).key("one").await;
    assert_eq!((spelt.status, spelt.header("idempotent-replayed")), (202, Some("true")));
    assert_eq!(changes(&dealer, 1).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_at_once_get_numbers_of_their_own() {
    let dealer = new_dealer().await;
    let all = futures_util::future::join_all((0..200).map(|_| dealer.post(CASES, PRIVATE).into_future())).await;
    let mut numbers: Vec<u64> = all.iter().map(|got| got.json()["sequence"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=200).collect::<Vec<u64>>());
    assert_eq!(cases(&dealer).len(), 200);
}

#[tokio::test(start_paused = true)]
async fn another_dealer_may_be_given_and_the_creator_stays() {
    let dealer = dealer_with_case().await;
    assert_eq!(
        dealer.put(CASE, r#"{"dealer":808,"channel":"other"}"#).await.status,
        200
    );
    let row = case_row(&dealer, 1).await;
    assert_eq!((row.dealer, row.channel.as_str()), (808, "dealer"));
    let other = channel(&dealer, "other", &BOTH, &DEALERS[1..]).await;
    let got = dealer.as_channel(&other).get(CASE).await;
    assert_eq!(got.status, 404, "its dealer is 808 now");
}
