//! A dealer's requests to the five functions, and the rows that they leave.

use std::time::Duration;

use runtime::port::store;
use runtime::testing::{Harness, TestRequest};
use runtime::work::row::Row;
use serde_json::Value;

use crate::Env;
use crate::case::row::{CaseRow, ChangeRow, Sequence};
use crate::channel::Role;
use crate::forward::ForwarderWake;
use crate::testing::{channel, harness};

pub const PRIVATE: &str = include_str!("../../../fixtures/case-private.json");
pub const COMPANY: &str = include_str!("../../../fixtures/case-company.json");
pub const UPDATE: &str = include_str!("../../../fixtures/case-update.json");
pub const SCORE: &str = include_str!("../../../fixtures/score.json");
pub const CONSENT: &str = include_str!("../../../fixtures/consent.json");

pub const CASES: &str = "/v1/bqs-case/case";
/// The first case.
pub const CASE: &str = "/v1/bqs-case/case/1";

pub const BOTH: [Role; 2] = [Role::CaseWrite, Role::CaseRead];
/// Those of the samples.
pub const DEALERS: [i64; 2] = [808, 730];

pub const ROUTES: [Route; 5] = [Route::Create, Route::Update, Route::Get, Route::Score, Route::Consent];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Create,
    Update,
    Get,
    Score,
    Consent,
}

impl Route {
    pub fn needs(self) -> Role {
        match self {
            Self::Get => Role::CaseRead,
            _ => Role::CaseWrite,
        }
    }

    pub fn sample(self) -> &'static str {
        match self {
            Self::Create => COMPANY,
            Self::Update => UPDATE,
            Self::Get => "",
            Self::Score => SCORE,
            Self::Consent => CONSENT,
        }
    }

    /// A request about the case of this number.
    pub fn request<'a>(self, hub: &'a Harness<Env>, sequence: &str, body: &str) -> TestRequest<'a> {
        let request = match self {
            Self::Create => return hub.post(CASES, body),
            Self::Update => hub.put(CASE, body),
            Self::Get => hub.get(CASE),
            Self::Score => hub.post("/v1/bqs-case/case/1/score-customer", body),
            Self::Consent => hub.post("/v1/bqs-case/case/1/business-consent", body),
        };
        request.path("sequence", sequence)
    }
}

/// A channel that may do everything that the samples need.
pub async fn new_dealer() -> Harness<Env> {
    let hub = harness();
    let key = channel(&hub, "dealer", &BOTH, &DEALERS).await;
    hub.as_channel(&key)
}

/// The same channel with the company's case, whose number is 1.
pub async fn dealer_with_case() -> Harness<Env> {
    let dealer = new_dealer().await;
    assert_eq!(dealer.post(CASES, COMPANY).await.status, 201);
    dealer
}

pub async fn case_row(hub: &Harness<Env>, sequence: u64) -> CaseRow {
    CaseRow::load(hub.env().table().unwrap(), &Sequence(sequence))
        .await
        .unwrap()
        .unwrap()
}

/// Every case.
pub fn cases(hub: &Harness<Env>) -> Vec<CaseRow> {
    let rows = hub.fakes.store.table("cases").into_iter();
    let cases = rows.filter(|row| row["sk"].as_s().unwrap() == "CASE" && row["pk"].as_s().unwrap() != "COUNTER");
    cases.map(|row| store::typed(row).unwrap()).collect()
}

/// The changes of a case, in order.
pub async fn changes(hub: &Harness<Env>, sequence: u64) -> Vec<ChangeRow> {
    let mut changes = Vec::new();
    for n in 1.. {
        match ChangeRow::load(hub.env().table().unwrap(), Sequence(sequence), n)
            .await
            .unwrap()
        {
            Some(change) => changes.push(change),
            None => break,
        }
    }
    let last = changes.last().map_or(0, |change: &ChangeRow| change.n);
    assert_eq!(last, case_row(hub, sequence).await.changes());
    changes
}

/// Takes the messages to the forwarder and returns their cases.
pub fn woken(hub: &Harness<Env>) -> Vec<u64> {
    let sent = hub.fakes.queue.take().into_iter();
    sent.map(|sent| {
        assert_eq!((sent.url.as_str(), sent.delay), ("forward", Duration::from_secs(5)));
        serde_json::from_str::<ForwarderWake>(&sent.body).unwrap().sequence.0
    })
    .collect()
}

/// Every row as text, for tests that nothing changed.
pub fn stored(hub: &Harness<Env>) -> String {
    format!("{:?}", hub.fakes.store.table("cases"))
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A case without the progress of its changes.
pub fn without_progress(mut case: Value) -> Value {
    let progress = case.as_object_mut().unwrap().remove("progress");
    assert!(progress.is_some_and(|progress| progress["forwarding"].is_object()));
    case
}
