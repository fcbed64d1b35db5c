//! The domain on stand-ins: its harness, and what tests do and look at in this domain.

mod answers;
mod fake_funder;
mod workers;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::money::Money;
use model::quote::Environment;
use runtime::port::Ports;
use runtime::port::store::{self, Store, Write, Written};
use runtime::testing::{Harness, Sent};
use runtime::transport::Attempt;
use runtime::work::row::{Revised, Row};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::proposal::{Phase, ProposalRow};
use crate::quote::QuoteRow;
use crate::{Api, Env, entry};

pub use answers::{PRICED, SAMPLE, calculation, good, priced, sample};
pub use fake_funder::{FailureMode, FakeFunder, Reaction};
pub use workers::QueueOfWorkers;

pub const JOHN: &str = "john.doe@example.com";
pub const JANE: &str = "jane@example.com";
pub const GENERATE: &str = "/api/integration/quotes/generate";
pub const PROPOSE: &str = "/api/integration/proposals/generate";
/// A PDF in base64.
pub const DOCUMENT: &str = "JVBERi0xLjQKJSVFT0YK";
/// Name and webhook secret of each funder.
pub const WEBHOOK_SECRETS: [(&str, &str); 2] = [
    ("LEX", "whsec_bGV4LXdlYmhvb2s="),
    ("ALPHABET", "whsec_YWxwaGFiZXQtd2ViaG9vaw=="),
];
/// A day before the price in LEX's fixture ends.
const START: &str = "2024-12-30T10:20:00Z";

/// Called by John, a customer, with funders that follow the script of `fakes.transport`.
pub fn harness() -> Harness<Env> {
    harness_with(&[])
}

pub fn harness_with(settings: &[(&str, &str)]) -> Harness<Env> {
    plain(settings).starting(START).as_customer()
}

/// Called by John, with funders that take proposals.
pub fn proposal_harness() -> (Harness<Env>, Arc<FakeFunder>) {
    proposal_harness_with(&[])
}

pub fn proposal_harness_with(settings: &[(&str, &str)]) -> (Harness<Env>, Arc<FakeFunder>) {
    let funder = Arc::new(FakeFunder::default());
    let transport = Arc::clone(&funder);
    let ports = move |ports| Ports {
        transport: transport.clone(),
        ..ports
    };
    (plain(settings).ports(ports).as_customer(), funder)
}

fn plain(settings: &[(&str, &str)]) -> Harness<Env> {
    static API: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(Api::openapi);
    let own = [
        ("FUNDERS_TABLE", "funders"),
        ("QUOTE_RETRY_QUEUE_URL", "retry"),
        ("QUOTE_FOLLOW_UP_QUEUE_URL", "follow-up"),
        ("PROPOSAL_SUBMIT_QUEUE_URL", "submit"),
        ("FUNDER_EVENTS_QUEUE_URL", "events"),
        ("DOCUMENTS_BUCKET", "documents"),
        ("LEX_SANDBOX_URL", "http://lex.test/api/v1"),
        ("LEX_SANDBOX_SECRET", "lex-sandbox"),
        ("LEX_SANDBOX_WEBHOOK_SECRET", "lex-sandbox-webhook"),
        ("ALPHABET_SANDBOX_URL", "http://alphabet.test"),
        ("ALPHABET_SANDBOX_SECRET", "alphabet-sandbox"),
        ("ALPHABET_SANDBOX_WEBHOOK_SECRET", "alphabet-sandbox-webhook"),
    ];
    let lex = json!({
        "LEX_APP_ID": "test-lex-app", "LEX_SHARED_SECRET": "test-lex-secret", "LEX_DEALER_ID_MAJOR": "test-major",
        "LEX_DEALER_ID_MINOR": "test-minor",
    });
    let alphabet = json!({"ALPHABET_API_KEY": "test-alphabet-key"});
    let [lex_webhook, alphabet_webhook] =
        WEBHOOK_SECRETS.map(|(funder, secret)| json!({format!("{funder}_WEBHOOK_SECRET"): secret}));
    Harness::new(entry::functions(), &API)
        .secret("lex-sandbox", &lex)
        .secret("alphabet-sandbox", &alphabet)
        .secret("lex-sandbox-webhook", &lex_webhook)
        .secret("alphabet-sandbox-webhook", &alphabet_webhook)
        .with(&[&own[..], settings].concat())
}

/// What tests do and look at in this domain.
pub trait FundersHarness {
    /// Delivers a message to the quotes' worker. True if the message is done.
    async fn retry(&self, body: &str, deliveries: u32) -> bool;
    /// The first look at each new quote, by the worker that lists it.
    async fn first_look(&self);
    /// A listed quote of this funder, requested by this person. Its id.
    async fn listed_quote(&self, funder: &str, subject: &str, email: &str) -> String;
    async fn submit(&self, id: ProposalId) -> Option<bool>;
    async fn reconcile(&self) -> Option<bool>;
    /// Lets `minutes` pass with the schedule running, and delivers nothing.
    async fn minutes(&self, minutes: u64);

    /// Stores a quote of John's with a price until the end of January.
    fn priced_quote(&self, funder: &str) -> QuoteRow;
    /// The same after `change`.
    fn changed_quote(&self, funder: &str, change: impl FnOnce(&mut QuoteRow)) -> QuoteRow;
    /// Stores a proposal as it is right after the request.
    fn proposal(&self, funder: &str) -> ProposalId;
    fn proposal_in(&self, funder: &str, environment: Environment) -> ProposalId;
    /// Requests a proposal with documents of these types, and takes its message out of the queue.
    async fn documented_proposal(&self, funder: &str, types: &[&str]) -> ProposalId;
    /// Writes a proposal as it is, as a worker that changes another member does.
    fn touch(&self, id: ProposalId);

    /// Every row of the domain's table with this sort key.
    fn rows<T: DeserializeOwned>(&self, sk: &str) -> Vec<T>;
    fn quotes(&self) -> Vec<QuoteRow>;
    /// The only quote.
    fn quote(&self) -> QuoteRow;
    fn quote_row(&self, id: QuoteId) -> QuoteRow;
    fn proposals(&self) -> Vec<ProposalRow>;
    fn proposal_row(&self, id: ProposalId) -> ProposalRow;
    fn phase(&self, id: ProposalId) -> Phase;
    /// The partition keys of the rows that a list's entries name.
    fn list(&self, list: &str) -> Vec<String>;
    /// By time.
    fn log(&self) -> Vec<Attempt>;
    /// What a queue has got so far; it stays there.
    fn sent(&self, queue: &str) -> Vec<Sent>;
    /// Event type, id and time of every published event.
    fn announced(&self) -> Vec<(&'static str, String, Timestamp)>;
    /// The paths of the calls to funders, in order.
    fn paths(&self) -> Vec<String>;
    /// Seconds from the start to each call to a funder.
    fn calls(&self) -> Vec<f64>;
}

impl FundersHarness for Harness<Env> {
    async fn retry(&self, body: &str, deliveries: u32) -> bool {
        self.redeliver("funders-quote-retry", body, deliveries).await == Some(true)
    }

    async fn first_look(&self) {
        for sent in self.fakes.queue.take() {
            assert_eq!(sent.url, "follow-up", "{sent:?}");
            let done = self.deliver("funders-quote-follow-up", &sent.body).await;
            assert_eq!(done, Some(true));
        }
    }

    async fn listed_quote(&self, funder: &str, subject: &str, email: &str) -> String {
        let person = self.as_person(subject, email, &[]);
        let got = person.post(GENERATE, sample(funder).replace(JOHN, email)).await;
        let json = got.json();
        let id = json["data"]["id"].as_str().or(json["quoteId"].as_str());
        self.first_look().await;
        id.unwrap().to_owned()
    }

    async fn submit(&self, id: ProposalId) -> Option<bool> {
        let body = json!({"id": id}).to_string();
        self.deliver("funders-proposal-submit", &body).await
    }

    async fn reconcile(&self) -> Option<bool> {
        self.tick("funders-reconcile").await
    }

    async fn minutes(&self, minutes: u64) {
        for _ in 0..minutes {
            tokio::time::advance(Duration::from_secs(60)).await;
            assert_eq!(self.reconcile().await, Some(true));
        }
    }

    fn priced_quote(&self, funder: &str) -> QuoteRow {
        self.changed_quote(funder, |_| {})
    }

    fn changed_quote(&self, funder: &str, change: impl FnOnce(&mut QuoteRow)) -> QuoteRow {
        let request = serde_json::from_str(&sample(funder)).unwrap();
        let (id, now) = (QuoteId::new(self.now()), self.now());
        let mut row = QuoteRow::pending(id, "john", &request, CorrelationId::new(now), now).unwrap();
        let price = json!({
            "monthly_payment": Money::pence(45_000), "total_amount": Money::pence(1_620_000),
            "total_amount_payable": Money::pence(1_870_000), "term": 36,
            "external_quote_id": format!("Q{}", id.as_uuid().simple()), "valid_until": "2026-01-31T00:00:00Z",
        });
        row.generated(serde_json::from_value(price).unwrap(), now);
        change(&mut row);
        write(self, row.create(self.env().table().unwrap()).unwrap());
        row
    }

    fn proposal(&self, funder: &str) -> ProposalId {
        self.proposal_in(funder, Environment::Sandbox)
    }

    fn proposal_in(&self, funder: &str, environment: Environment) -> ProposalId {
        let mut quote = self.changed_quote(funder, |quote| quote.environment = environment);
        let id = ProposalId::new(self.now());
        let customer = quote.request().unwrap().customer_details;
        let correlation = CorrelationId::new(self.now());
        let row = ProposalRow::pending(id, &quote, &quote.owner, &customer, correlation, self.now()).unwrap();
        quote.converted(id, self.now());
        write(self, row.create(self.env().table().unwrap()).unwrap());
        write(self, quote.replace(self.env().table().unwrap(), self.now()).unwrap());
        id
    }

    async fn documented_proposal(&self, funder: &str, types: &[&str]) -> ProposalId {
        let quote = self.priced_quote(funder);
        let documents: BTreeMap<&str, &str> = types.iter().map(|kind| (*kind, DOCUMENT)).collect();
        let body = json!({"quoteId": quote.id, "additionalDocuments": documents});
        let got = self.post(PROPOSE, body).await;
        assert_eq!(got.status, 202, "{}", got.text);
        self.fakes.queue.take();
        got.data()["proposalId"].as_str().unwrap().parse().unwrap()
    }

    fn touch(&self, id: ProposalId) {
        let mut row = self.proposal_row(id);
        write(self, row.replace(self.env().table().unwrap(), self.now()).unwrap());
    }

    fn rows<T: DeserializeOwned>(&self, sk: &str) -> Vec<T> {
        let rows = self.fakes.store.table("funders").into_iter();
        rows.filter(|row| row["sk"].as_s().unwrap() == sk)
            .map(|row| store::typed(row).unwrap())
            .collect()
    }

    fn quotes(&self) -> Vec<QuoteRow> {
        self.rows("QUOTE")
    }

    fn quote(&self) -> QuoteRow {
        let mut rows = self.quotes();
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    fn quote_row(&self, id: QuoteId) -> QuoteRow {
        let row = QuoteRow::load(self.env().table().unwrap(), &id).now_or_never().unwrap();
        row.unwrap().unwrap()
    }

    fn proposals(&self) -> Vec<ProposalRow> {
        self.rows("PROPOSAL")
    }

    fn proposal_row(&self, id: ProposalId) -> ProposalRow {
        let row = ProposalRow::load(self.env().table().unwrap(), &id)
            .now_or_never()
            .unwrap();
        row.unwrap().unwrap()
    }

    fn phase(&self, id: ProposalId) -> Phase {
        self.proposal_row(id).phase
    }

    fn list(&self, list: &str) -> Vec<String> {
        let rows = self.fakes.store.table("funders").into_iter();
        let named = rows.filter(|row| row["pk"].as_s().unwrap() == list);
        named.map(|row| row["row_pk"].as_s().unwrap().clone()).collect()
    }

    fn log(&self) -> Vec<Attempt> {
        let rows = self.fakes.store.table("log").into_iter();
        let mut rows: Vec<Attempt> = rows.map(|row| store::typed(row).unwrap()).collect();
        rows.sort_by_key(|row| row.created_at);
        rows
    }

    fn sent(&self, queue: &str) -> Vec<Sent> {
        let sent = self.fakes.queue.sent().into_iter();
        sent.filter(|sent| sent.url == queue).collect()
    }

    fn announced(&self) -> Vec<(&'static str, String, Timestamp)> {
        let events = self.fakes.bus.published().into_iter();
        events
            .map(|event| (event.kind.as_str(), event.id.to_string(), event.occurred_at))
            .collect()
    }

    fn paths(&self) -> Vec<String> {
        let seen = self.fakes.transport.seen().into_iter();
        seen.map(|(_, request)| request.uri().path().to_owned()).collect()
    }

    fn calls(&self) -> Vec<f64> {
        let seen = self.fakes.transport.seen().into_iter();
        seen.map(|(at, _)| at.duration_since(self.started()).as_secs_f64().round())
            .collect()
    }
}

fn write(h: &Harness<Env>, write: Write) {
    let written = h.fakes.store.write(vec![write]).now_or_never().unwrap();
    assert_eq!(written.unwrap(), Written::Done);
}

/// The text of a member in each row of a page.
pub fn each(got: &runtime::testing::TestResponse, member: &str) -> Vec<String> {
    assert_eq!(got.status, 200, "{}", got.text);
    let data = got.data();
    let rows = data.as_array().unwrap().iter();
    rows.map(|row| row[member].as_str().unwrap().to_owned()).collect()
}

/// A document in which each number is of one kind, so that 4500 equals 4500.00.
pub fn with_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(entries) => entries.iter().map(with_floats).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), with_floats(value)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// The query for the next page after this one.
pub fn next(got: &runtime::testing::TestResponse) -> Option<String> {
    let json: Value = got.json();
    json["nextCursor"].as_str().map(|cursor| format!("&cursor={cursor}"))
}
