//! The life of a case: created, changed, read, scored, and every change kept for whoever sends it on.

use std::time::Duration;

use serde_json::json;

use super::desk::{BOTH, COMPANY, CONSENT, DEALERS, Desk, PRIVATE, Route, SCORE, UPDATE, json as parsed};
use crate::case::row::ChangeKind;

/// The sample as it is kept: one casing, and amounts as numbers.
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
    let desk = Desk::new().await;
    for (sequence, sample) in [(1, PRIVATE), (2, COMPANY)] {
        let got = desk.create(sample).await;
        assert_eq!(
            (got.status, got.text.as_str()),
            (201, format!(r#"{{"sequence":{sequence}}}"#).as_str())
        );
        assert_eq!(got.headers["location"], format!("/v1/bqs-case/case/{sequence}"));
        assert_eq!(desk.woken(), [sequence]);
        let mut wanted = canonical(sample);
        let changes = desk.changes(sequence).await;
        assert_eq!((changes.len(), changes[0].kind), (1, ChangeKind::Create));
        assert_eq!(parsed(&changes[0].body), wanted);
        wanted["sequence"] = sequence.into();
        let got = desk.ask(Route::Get, &sequence.to_string(), "").await;
        assert_eq!((got.status, got.json()), (200, wanted));
    }
    assert_eq!(desk.row(1).await.channel, "dealer");
}

#[tokio::test(start_paused = true)]
async fn the_sample_update_changes_what_it_names() {
    let desk = Desk::with_case().await;
    desk.woken();
    let got = desk.update(UPDATE).await;
    let mut wanted = canonical(COMPANY);
    wanted["sequence"] = 1.into();
    wanted["agreementCode"] = 2700.into();
    wanted["brandCode"] = 1.into();
    wanted["externalSystemReference"] = "2ATT6-39000-F200".into();
    wanted["calculation"]["monthlyAmount"] = 8000.into();
    wanted["calculation"]["administrationFee"] = 2000.into();
    assert_eq!((got.status, got.json()), (200, wanted.clone()));
    assert_eq!(desk.get().await.json(), wanted);
    assert_eq!(desk.woken(), [1]);
    let changes = desk.changes(1).await;
    assert_eq!((changes[1].n, changes[1].kind), (2, ChangeKind::Update));
    assert_eq!(parsed(&changes[1].body), parsed(UPDATE));
    // Asked once more, there is nothing to send on.
    assert_eq!(desk.update(UPDATE).await.json(), wanted);
    assert_eq!((desk.changes(1).await.len(), desk.woken().len()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_is_kept_and_cleared_like_the_rest() {
    let desk = Desk::with_case().await;
    let first = r#"{"Future":{"a":1.500,"B":[1,{"c":null}]},"calculation":{"rounding":"up","downPayment":null}}"#;
    let got = desk.update(first).await;
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
    // What is sent on says what was cleared.
    assert_eq!(desk.changes(1).await[1].body, first);
    let got = desk.update(r#"{"FUTURE":{"b":null},"customer":null}"#).await;
    assert!(got.text.contains(r#""Future":{"a":1.500}"#), "{}", got.text);
    assert_eq!(got.json()["customer"], json!(null));
    assert!(!got.text.contains("customer"));
}

#[tokio::test(start_paused = true)]
async fn codes_of_different_lists_are_different_codes() {
    let desk = Desk::with_case().await;
    let case = desk.get().await.json();
    let object = &case["caseObject"];
    assert_eq!(object["accessories"][0]["typeCode"], 400);
    assert_eq!(
        object["objectRegistry"]["variables"][3],
        json!({"typeCode": 400, "value": "M1"})
    );
    let body = r#"{"caseVariables":[{"typeCode":10001,"value":"400"}],"caseObject":{"expenses":[{"typeCode":400,"amount":1}]}}"#;
    let got = desk.update(body).await.json();
    assert_eq!(got["caseVariables"], json!([{"typeCode": 10001, "value": "400"}]));
    assert_eq!(got["caseObject"]["expenses"], json!([{"typeCode": 400, "amount": 1}]));
    assert_eq!(got["caseObject"]["accessories"], object["accessories"]);
}

#[tokio::test(start_paused = true)]
async fn scoring_and_consent_run_once_at_a_time() {
    let desk = Desk::with_case().await;
    let kinds = |changes: Vec<crate::case::row::ChangeRow>| -> Vec<ChangeKind> {
        changes.iter().map(|change| change.kind).collect()
    };
    let accepted = async |route, body: &str| {
        let got = desk.ask(route, "1", body).await;
        assert_eq!((got.status, got.text.as_str()), (202, ""), "{body}");
    };
    for _ in 0..2 {
        accepted(Route::Score, SCORE).await;
    }
    // The sample's own case began with `startConsent`.
    accepted(Route::Consent, &CONSENT.replace("72639057", "76198268")).await;
    accepted(Route::Consent, CONSENT).await;
    let all = desk.changes(1).await;
    assert_eq!(parsed(&all[1].body), parsed(SCORE));
    assert_eq!(parsed(&all[2].body), parsed(CONSENT));
    assert_eq!(kinds(all), [ChangeKind::Create, ChangeKind::Score, ChangeKind::Consent]);
    assert_eq!(desk.woken(), [1, 1, 1]);
    let got = desk.update(r#"{"startScoring":true,"startConsent":true}"#).await;
    assert_eq!(got.json()["startScoring"], true);
    // Both run, so that neither is asked for again where the change is sent.
    let change = desk.changes(1).await.remove(3);
    assert_eq!(change.body, r#"{"startScoring":false,"startConsent":false}"#);
    tokio::time::advance(Duration::from_secs(15 * 60)).await;
    accepted(Route::Score, SCORE).await;
    assert_eq!(desk.changes(1).await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn only_so_much_runs_for_one_case() {
    let desk = Desk::with_case().await;
    for n in 0..49 {
        let body = format!(r#"{{"organizationNumber":"{n}"}}"#);
        assert_eq!(desk.ask(Route::Score, "1", &body).await.status, 202);
    }
    let got = desk.ask(Route::Score, "1", r#"{"organizationNumber":"50"}"#).await;
    assert_eq!((got.status, got.headers["retry-after"].to_str().unwrap()), (429, "60"));
}

#[tokio::test(start_paused = true)]
async fn a_key_is_answered_once() {
    let desk = Desk::new().await;
    let headers = [("x-api-key", desk.key.as_str()), ("idempotency-key", "one")];
    for turn in 0..3 {
        let got = desk.ask_with(Route::Create, "", COMPANY, &headers).await;
        assert_eq!((got.status, got.text.as_str()), (201, r#"{"sequence":1}"#));
        assert_eq!(got.headers.contains_key("idempotent-replayed"), turn > 0);
        assert_eq!(got.headers["location"], "/v1/bqs-case/case/1");
    }
    assert_eq!(desk.ask_with(Route::Create, "", PRIVATE, &headers).await.status, 422);
    assert_eq!(desk.cases().len(), 1);
    for _ in 0..2 {
        assert_eq!(desk.ask_with(Route::Score, "1", SCORE, &headers).await.status, 202);
        // By then it no longer runs, and the same request still starts nothing.
        tokio::time::advance(Duration::from_secs(20 * 60)).await;
    }
    assert_eq!(desk.changes(1).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_at_once_get_numbers_of_their_own() {
    let desk = Desk::new().await;
    let all = futures_util::future::join_all((0..200).map(|_| desk.create(PRIVATE))).await;
    let mut numbers: Vec<u64> = all.iter().map(|got| got.json()["sequence"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=200).collect::<Vec<u64>>());
    assert_eq!(desk.cases().len(), 200);
}

#[tokio::test(start_paused = true)]
async fn another_dealer_may_be_given_and_the_creator_stays() {
    let desk = Desk::with_case().await;
    assert_eq!(desk.update(r#"{"dealer":808,"channel":"other"}"#).await.status, 200);
    let row = desk.row(1).await;
    assert_eq!((row.dealer, row.channel.as_str()), (808, "dealer"));
    let other = desk.house.channel("other", &BOTH, &DEALERS[1..]).await;
    let got = desk.ask_with(Route::Get, "1", "", &[("x-api-key", &other)]).await;
    assert_eq!(got.status, 404, "its dealer is 808 now");
}
