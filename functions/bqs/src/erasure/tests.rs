//! A case goes with everything about it, and another person's case stays as it is.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use model::id::ErasureId;
use runtime::port::blob::Blobs;
use runtime::port::store::{Item, Store, item};
use runtime::testing::Harness;
use runtime::testing::erasing::{data, email, everything, request, slow_scans, state};
use runtime::work::erasure::{ErasureState, ErasureSubject};
use serde_json::{Value, json};

use crate::Env;
use crate::case::row::Sequence;
use crate::channel::Role;
use crate::forward::{Linked, UpstreamRow};
use crate::testing::{channel, harness};

const ERASE: &str = "bqs-erase";
const LATER: Duration = Duration::from_secs(31 * 60);
const CASES: &str = "/v1/bqs-case/case";
const MESSAGES: &str = "/v1/bqs-case/message/case";
const DEALER: i64 = 808;
/// Upstream's number of the first case. The second case is linked to another.
const UPSTREAM: u64 = 9000;

const CANARY: &str = "xyzzycanary";
const ADDRESS: &str = "anna@example.com";

fn body(text: &str, address: &str) -> String {
    let mut body: Value = serde_json::from_str(include_str!("../../fixtures/case-private.json")).unwrap();
    body["dealer"] = DEALER.into();
    body["externalSystemReference"] = text.into();
    body["customer"]["details"]["firstName"] = text.into();
    body["customer"]["details"]["addresses"] = json!([{"eMail": address}]);
    body["customer"]["unknown"] = json!({"deep": [text]});
    body.to_string()
}

fn message(case: u64, text: &str) -> Value {
    json!({"case": {"preViewCaseId": case, "dealerNumber": DEALER, "userId": text}})
}

fn form(text: &str) -> Vec<u8> {
    let part = |name: &str, more: &str, content: &str| {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n")
    };
    let file = part(
        "file",
        "; filename=\"a.pdf\"\r\nContent-Type: application/pdf",
        &format!("%PDF-1.7 {text} %%EOF"),
    );
    format!("{}{file}--XX--\r\n", part("code", "", "123")).into_bytes()
}

struct Dealer {
    hub: Harness<Env>,
    upstream: Harness<Env>,
}

impl Dealer {
    async fn new() -> Self {
        let hub = harness().with(&[("BQS_UPSTREAM_CHANNEL", "upstream")]);
        let roles = [
            Role::CaseWrite,
            Role::CaseRead,
            Role::DocumentWrite,
            Role::MessageWrite,
            Role::MessageRead,
        ];
        let key = channel(&hub, "dealer", &roles, &[DEALER]).await;
        let upstream = channel(&hub, "upstream", &[Role::MessageWrite], &[]).await;
        Self {
            upstream: hub.as_channel(&upstream),
            hub: hub.as_channel(&key),
        }
    }

    /// A case with a change, a document, an announced one, a row of the log, and messages from before and after it was linked
    /// to upstream's number. Its number.
    async fn case(&self, text: &str, address: &str, upstream: u64) -> u64 {
        let made = self.hub.post(CASES, body(text, address)).key(text).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let case = made.json()["sequence"].as_u64().unwrap();
        let path = format!("{CASES}/{case}");
        let changed = self.hub.put(
            &path,
            json!({"externalSystemReference": format!("{text} again")}).to_string(),
        );
        assert_eq!(changed.await.status, 200);
        let upload = self.hub.request(Method::POST, &format!("/v1/bqs-case/document/{case}"));
        let stored = upload.bytes("multipart/form-data; boundary=XX", &form(text)).await;
        assert_eq!(stored.status, 201, "{}", stored.text);
        self.announce(case).await;
        self.say(&self.upstream, upstream, text).await;
        let linked = UpstreamRow::link(&self.hub.env(), upstream, Sequence(case), Vec::new(), self.hub.now())
            .await
            .unwrap();
        assert_eq!(linked, Linked::Done);
        let relinked = UpstreamRow::relink(&self.hub.env(), upstream, Sequence(case), self.hub.now()).await;
        relinked.unwrap();
        self.say(&self.upstream, upstream, &format!("{text} later")).await;
        self.say(&self.hub, case, &format!("{text} own")).await;
        let call = json!({
            "pk": format!("BQS#UPSTREAM#{case}"), "sk": "1", "partner": "BQS", "subjectId": case.to_string(),
            "request": text,
        });
        self.hub
            .fakes
            .store
            .append("log", vec![item(&call).unwrap()])
            .await
            .unwrap();
        case
    }

    async fn announce(&self, case: u64) -> String {
        let announced = json!({"code": "123", "contentType": "application/pdf", "size": 4000});
        let offered = self
            .hub
            .post(&format!("/v1/bqs-case/document/{case}/upload"), announced)
            .await;
        assert_eq!(offered.status, 201, "{}", offered.text);
        offered.json()["documentId"].as_str().unwrap().to_owned()
    }

    async fn say(&self, sender: &Harness<Env>, case: u64, text: &str) {
        let got = sender.post(MESSAGES, message(case, text)).await;
        assert_eq!(got.status, 202, "{}", got.text);
    }

    /// Both cases, of which the first is the one to erase.
    async fn with_cases() -> Self {
        let dealer = Self::new().await;
        assert_eq!(dealer.case(CANARY, "Anna@Example.com", UPSTREAM).await, 1);
        assert_eq!(dealer.case("neighbour", "bob@example.com", UPSTREAM + 1).await, 2);
        dealer
    }

    async fn later(&self) {
        tokio::time::advance(LATER).await;
        assert_eq!(self.hub.tick(ERASE).await, Some(true));
    }

    async fn state(&self, id: ErasureId) -> ErasureState {
        state(&self.hub, id, "bqs").await.state
    }

    fn texts(&self) -> String {
        everything(&self.hub)
    }

    #[track_caller]
    fn assert_erased(&self, why: &str) {
        let all = self.texts();
        for value in [CANARY, ADDRESS] {
            let at = all
                .find(value)
                .map(|at| &all[at.saturating_sub(300)..(at + 100).min(all.len())]);
            assert_eq!(at, None, "{why}");
        }
    }
}

/// Rows that are not the second case's alone.
fn is_shared(row: &Item) -> bool {
    let pk = row.get("pk").and_then(|pk| pk.as_s().ok()).map(String::as_str);
    pk == Some("COUNTER")
}

async fn neighbours_rows(of: &Dealer) -> Vec<(runtime::port::store::Key, Item)> {
    let is_second = |text: &str| text.contains("neighbour") || text.contains("bob@example.com");
    let rows = data(&of.hub).into_iter();
    rows.filter(|(key, row)| {
        let second = ["CASE#2", "MESSAGES#2", "UPSTREAM#9001", "UPSTREAM#9001#MESSAGES"].contains(&key.pk.as_str());
        (second || is_second(&format!("{row:?}"))) && !is_shared(row)
    })
    .collect()
}

async fn erases(subject: impl Fn(&Harness<Env>) -> ErasureSubject) {
    let dealer = Dealer::with_cases().await;
    let before = neighbours_rows(&dealer).await;
    assert!(before.len() > 12, "{} rows", before.len());
    let id = request(&dealer.hub, subject(&dealer.hub)).await;
    assert_eq!(dealer.hub.tick(ERASE).await, Some(true));
    dealer.assert_erased("after the first pass");
    assert_eq!(neighbours_rows(&dealer).await, before);
    let counted = state(&dealer.hub, id, "bqs").await;
    assert!(
        counted.rows > 10 && counted.files == 1 && counted.log_rows == 1 && counted.responses >= 1,
        "{counted:?}"
    );
    assert_eq!(dealer.hub.get(&format!("{CASES}/1")).await.status, 404);
    assert_eq!(dealer.hub.get(&format!("{CASES}/2")).await.status, 200);
    let replay = dealer
        .hub
        .post(CASES, body(CANARY, "Anna@Example.com"))
        .key(CANARY)
        .await;
    assert_eq!(replay.status, 409, "the key stays claimed");
    dealer.later().await;
    assert_eq!(dealer.state(id).await, ErasureState::Done);
    let next = dealer.hub.post(CASES, body("third", "carl@example.com")).await;
    assert_eq!(next.json()["sequence"], 3, "no number is given again");
    dealer.assert_erased("at the end");
}

#[tokio::test(start_paused = true)]
async fn a_case_goes_by_its_number() {
    erases(|_| ErasureSubject::Case { number: 1 }).await;
}

#[tokio::test(start_paused = true)]
async fn a_case_goes_by_an_address_that_it_has_at_any_depth_in_any_spelling() {
    erases(|hub| email(hub, ADDRESS)).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_crashes_anywhere_is_gone_on_with() {
    for steps in 0.. {
        let dealer = Dealer::with_cases().await;
        let before = neighbours_rows(&dealer).await;
        let id = request(&dealer.hub, email(&dealer.hub, ADDRESS)).await;
        let ended = dealer.hub.crash_after(steps).tick(ERASE).await;
        dealer.later().await;
        dealer.assert_erased(&format!("crashed after {steps} steps"));
        dealer.later().await;
        assert_eq!(dealer.state(id).await, ErasureState::Done, "{steps}");
        assert_eq!(neighbours_rows(&dealer).await, before, "{steps}");
        if ended.is_some() {
            assert!(steps > 60, "{steps} steps");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_time_ends_goes_on_where_it_stopped() {
    let dealer = Dealer::with_cases().await;
    let id = request(&dealer.hub, ErasureSubject::Case { number: 1 }).await;
    let slow = dealer
        .hub
        .clone()
        .ports(|ports| slow_scans(ports, Duration::from_secs(1)));
    let slow = slow.time_limit(Duration::from_millis(61_500));
    let mut runs = 0;
    while dealer.state(id).await == ErasureState::Open {
        assert_eq!(slow.instance().tick(ERASE).await, Some(true));
        runs += 1;
        assert!(runs < 60, "it never ends");
    }
    assert!(runs > 3, "{runs} runs");
    dealer.assert_erased("after runs of two pages each");
}

/// A message is stored only if the newest one's row is there. Here the newest one was erased.
#[tokio::test(start_paused = true)]
async fn messages_arrive_and_are_read_after_the_newest_one_was_erased() {
    for subject in [None, Some(ErasureSubject::Case { number: 1 })] {
        let dealer = Dealer::with_cases().await;
        let query = format!("{MESSAGES}?pre_view_case_id=1");
        let cursor = dealer.hub.get(&query).await.json()["latestReceivedDate"]
            .as_str()
            .unwrap()
            .to_owned();
        let subject = subject.unwrap_or_else(|| email(&dealer.hub, ADDRESS));
        request(&dealer.hub, subject).await;
        assert_eq!(dealer.hub.tick(ERASE).await, Some(true));
        dealer.say(&dealer.hub, 1, "again").await;
        dealer.say(&dealer.upstream, UPSTREAM, "from upstream").await;
        let since = format!("{query}&from_date={}", cursor.replace('+', "%2B"));
        let read = dealer.hub.get(&since).await;
        assert_eq!(read.json()["messages"].as_array().unwrap().len(), 2, "{}", read.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_with_the_address_goes_without_its_case() {
    let dealer = Dealer::with_cases().await;
    dealer.say(&dealer.hub, 2, ADDRESS).await;
    let cursor = dealer.hub.get(&format!("{MESSAGES}?pre_view_case_id=2")).await;
    assert_eq!(cursor.json()["messages"].as_array().unwrap().len(), 4);
    request(&dealer.hub, email(&dealer.hub, ADDRESS)).await;
    assert_eq!(dealer.hub.tick(ERASE).await, Some(true));
    dealer.assert_erased("the message too");
    dealer.say(&dealer.hub, 2, "goes on").await;
    let left = dealer.hub.get(&format!("{MESSAGES}?pre_view_case_id=2")).await;
    assert_eq!(left.json()["messages"].as_array().unwrap().len(), 4, "{}", left.text);
    assert_eq!(dealer.hub.get(&format!("{CASES}/2")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_document_that_arrives_after_the_first_pass_goes_in_the_second() {
    let dealer = Dealer::with_cases().await;
    let document = dealer.announce(1).await;
    request(&dealer.hub, ErasureSubject::Case { number: 1 }).await;
    assert_eq!(dealer.hub.tick(ERASE).await, Some(true));
    let (files, key) = (&dealer.hub.fakes.files, format!("quarantine/{document}"));
    let late = Bytes::from(format!("%PDF-1.7 {CANARY}"));
    files.put("documents", &key, "application/pdf", late).await.unwrap();
    // The forwarder's messages are about nothing, and end quietly.
    for body in [json!({"sequence": 1}), json!({"sequence": 1, "upload": document})] {
        assert_eq!(dealer.hub.deliver("bqs-forward", &body.to_string()).await, Some(true));
    }
    dealer.later().await;
    assert!(files.versions().len() == 1 && !dealer.texts().contains(CANARY));
    dealer.assert_erased("and its rows");
}

#[tokio::test(start_paused = true)]
async fn a_case_that_gets_the_number_after_the_request_stays() {
    let dealer = Dealer::new().await;
    let first = dealer.case("first", "bob@example.com", UPSTREAM).await;
    let next = ErasureSubject::Case { number: first + 1 };
    request(&dealer.hub, next).await;
    assert_eq!(dealer.hub.tick(ERASE).await, Some(true));
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(dealer.case(CANARY, ADDRESS, UPSTREAM + 1).await, first + 1);
    tokio::time::advance(LATER).await;
    assert_eq!(dealer.hub.tick(ERASE).await, Some(true));
    let got = dealer.hub.get(&format!("{CASES}/{}", first + 1)).await;
    assert_eq!(got.status, 200, "{}", got.text);
    assert!(got.text.contains(CANARY));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_read_keeps_an_erasure_open_and_stops_no_other_row() {
    let dealer = Dealer::new().await;
    let case = dealer.case(CANARY, ADDRESS, UPSTREAM).await;
    for sk in ["CASE", "CHANGE#000001"] {
        let broken = item(&json!({"pk": "CASE#777", "sk": sk, "row": 7})).unwrap();
        dealer.hub.fakes.store.append("cases", vec![broken]).await.unwrap();
    }
    let id = request(&dealer.hub, email(&dealer.hub, ADDRESS)).await;
    for _ in 0..3 {
        assert_eq!(
            dealer.hub.tick(ERASE).await,
            Some(false),
            "the run fails, which raises the alarm"
        );
        tokio::time::advance(LATER).await;
    }
    assert_eq!(state(&dealer.hub, id, "bqs").await.state, ErasureState::Open);
    assert_eq!(
        dealer.hub.get(&format!("{CASES}/{case}")).await.status,
        404,
        "what can be read is erased"
    );
}
