//! The domain on stand-ins, with a priced quote in it: what callers, queues, the schedule and the funder would see.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::sqs::SqsEvent;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use model::Result;
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::money::Money;
use model::quote::Price;
use runtime::clock::Clock;
use runtime::ports::Ports;
use runtime::store::{Outcome, Store};
use runtime::testing::{KEY, Sent, World, auth_settings, claims, mortal, within};
use runtime::{Answer, Cx, Domain, Input, store};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::bank::Bank;
use crate::proposal::{ProposalRow, Stage};
use crate::quote::QuoteRow;
use crate::{Env, proposal, reconcile};

pub const START: &str = "2026-01-05T10:20:00Z";
pub const SECRETS: [(&str, &str); 2] = [
    ("LEX", "whsec_bGV4LXdlYmhvb2s="),
    ("ALPHABET", "whsec_YWxwaGFiZXQtd2ViaG9vaw=="),
];
const QUOTE: &str = include_str!("../../../../../events/bodies/quote.json");
const POST: &str = include_str!("../../../../../events/funders-proposal-generate.json");
const GET: &str = include_str!("../../../../../events/funders-proposal-get.json");
const MESSAGE: &str = include_str!("../../../../../events/funders-proposal-submit.json");
pub const DOCUMENT: &str = "JVBERi0xLjQK";

pub struct House {
    pub world: World,
    pub bank: Arc<Bank>,
    pub env: Arc<Env>,
    pub clock: Clock,
    settings: Vec<(String, String)>,
}

/// What a caller got.
#[derive(Debug)]
pub struct Got {
    pub status: i64,
    pub headers: HeaderMap,
    pub text: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl House {
    pub fn new() -> Self {
        Self::with(&[])
    }

    pub fn with(more: &[(&str, &str)]) -> Self {
        let (world, bank) = (World::default(), Arc::new(Bank::default()));
        let own = [
            ("FUNDERS_TABLE", "funders"),
            ("INTEGRATION_LOG_TABLE", "log"),
            ("IDEMPOTENCY_TABLE", "keys"),
            ("QUOTE_RETRY_QUEUE_URL", "retry"),
            ("PROPOSAL_SUBMIT_QUEUE_URL", "submit"),
            ("FUNDER_EVENTS_QUEUE_URL", "events"),
            ("DEAD_LETTER_QUEUE_URL", "dead"),
            ("DOCUMENTS_BUCKET", "documents"),
            ("LEX_SANDBOX_URL", "http://lex.test/api/v1"),
            ("LEX_SANDBOX_SECRET", "lex-sandbox"),
            ("ALPHABET_SANDBOX_URL", "http://alphabet.test"),
            ("ALPHABET_SANDBOX_SECRET", "alphabet-sandbox"),
            ("REDACTION_KEY", "test"),
        ];
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let keys = auth_settings()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let settings: Vec<_> = own.iter().chain(more).map(pair).chain(keys).collect();
        for (id, secret) in [
            (
                "lex-sandbox",
                json!({
                    "LEX_APP_ID": "test-lex-app", "LEX_SHARED_SECRET": "test-lex-secret", "LEX_DEALER_ID_MAJOR": "major",
                    "LEX_DEALER_ID_MINOR": "minor", "LEX_WEBHOOK_SECRET": SECRETS[0].1,
                }),
            ),
            (
                "alphabet-sandbox",
                json!({"ALPHABET_API_KEY": "test-key", "ALPHABET_WEBHOOK_SECRET": SECRETS[1].1}),
            ),
        ] {
            world.safe.secrets.lock().unwrap().insert(id.into(), secret.to_string());
        }
        let ports = Ports {
            transport: bank.clone(),
            ..world.ports()
        };
        let env = Arc::new(Env::load(settings.iter().cloned().collect(), ports));
        let clock = Clock::starting(START.parse().unwrap());
        Self {
            world,
            bank,
            env,
            clock,
            settings,
        }
    }

    fn ports(&self) -> Ports {
        Ports {
            transport: self.bank.clone(),
            ..self.world.ports()
        }
    }

    /// The same world as a new sandbox sees it, which dies after so many steps.
    pub fn dying(&self, steps: u32) -> Self {
        let ports = mortal(self.ports(), steps);
        Self {
            world: self.world.clone(),
            bank: self.bank.clone(),
            env: Arc::new(Env::load(self.settings.iter().cloned().collect(), ports)),
            clock: self.clock,
            settings: self.settings.clone(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A quote of John's that has a price until the end of January.
    pub fn priced(&self, funder: &str) -> QuoteRow {
        let row = self.quote(funder, |_| {});
        assert!(row.external_id().starts_with('Q'));
        row
    }

    /// The same after `change`.
    pub fn quote(&self, funder: &str, change: impl FnOnce(&mut QuoteRow)) -> QuoteRow {
        let ask = serde_json::from_str(&QUOTE.replace("LEX", funder)).unwrap();
        let (id, now) = (QuoteId::new(self.now()), self.now());
        let mut row = QuoteRow::pending(id, "john", &ask, CorrelationId::new(now), now).unwrap();
        let price = Price {
            monthly_payment: Money::pence(45_000),
            total_amount: Money::pence(1_620_000),
            total_amount_payable: Money::pence(1_870_000),
            apr: None,
            balloon_payment: None,
            term: 36,
            external_quote_id: format!("Q{}", id.as_uuid().simple()),
            external_reference: None,
            valid_until: Some("2026-01-31T00:00:00Z".parse().unwrap()),
        };
        row.generated(price, now);
        change(&mut row);
        self.store(row.create(&self.env).unwrap());
        row
    }

    fn store(&self, write: store::Write) {
        let written = self.world.store.write(vec![write]).now_or_never().unwrap();
        assert_eq!(written.unwrap(), Outcome::Done);
    }

    /// A proposal as it is right after it was asked for.
    pub fn proposal(&self, funder: &str) -> ProposalId {
        let mut quote = self.priced(funder);
        let id = ProposalId::new(self.now());
        let customer = quote.request().unwrap().customer_details;
        let correlation = CorrelationId::new(self.now());
        let row = ProposalRow::pending(id, &quote, &customer, Vec::new(), correlation, self.now()).unwrap();
        quote.converted(id);
        self.store(row.create(&self.env).unwrap());
        self.store(quote.replace(&self.env, self.now()).unwrap());
        id
    }

    pub fn token(&self, subject: &str, email: &str, roles: &[&str]) -> String {
        let claims = claims(subject, email, roles, self.now());
        format!(
            "Bearer {}",
            KEY.sign(&json!({"alg": "RS256", "typ": "JWT"}), &claims).unwrap()
        )
    }

    /// John, at the time the house was built: signing takes longer than everything else here does.
    pub fn john(&self) -> &'static str {
        static TOKEN: OnceLock<String> = OnceLock::new();
        TOKEN.get_or_init(|| self.token("john", "john.doe@example.com", &[]))
    }

    pub async fn http<H, I, F, A>(
        &self,
        function: runtime::gateway::Http<Env, H, I, F>,
        event: ApiGatewayV2httpRequest,
    ) -> Got
    where
        H: Fn(Cx<Env>, I) -> F + Send + Sync + 'static,
        I: Input + Send + 'static,
        F: Future<Output = Result<A>> + Send + 'static,
        A: Answer + 'static,
    {
        let time = within(Duration::from_secs(29));
        let response = function.answer(Arc::clone(&self.env), self.clock, time, event).await;
        let Some(Body::Text(text)) = response.body else {
            panic!("no text")
        };
        Got {
            status: response.status_code,
            headers: response.headers,
            text,
        }
    }

    pub async fn propose(&self, token: &str, body: &str, headers: &[(&str, &str)]) -> Got {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(POST).unwrap();
        event.body = Some(body.into());
        put(&mut event.headers, token, headers);
        self.http(
            runtime::http(proposal::generate::generate).once().limit(4_500_000),
            event,
        )
        .await
    }

    pub async fn read<H, I, F, A>(&self, handler: H, token: &str, path: &[(&str, &str)], query: &str) -> Got
    where
        H: Fn(Cx<Env>, I) -> F + Send + Sync + 'static,
        I: Input + Send + 'static,
        F: Future<Output = Result<A>> + Send + 'static,
        A: Answer + 'static,
    {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(GET).unwrap();
        event.path_parameters = path
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        event.raw_query_string = Some(query.into());
        let fixed = [("x-correlation-id", "0190d5a0-0000-7000-8000-0000000000aa")];
        put(&mut event.headers, token, &fixed);
        self.http(runtime::http(handler), event).await
    }

    /// Delivers a message; true if it is done with. None where the sandbox dies over it.
    pub async fn deliver<H, I, F>(&self, handler: H, body: &str, deliveries: u32) -> Option<bool>
    where
        H: Fn(Cx<Env>, I) -> F + Send + Sync + 'static,
        I: Input + Send + 'static,
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let mut event: SqsEvent = serde_json::from_str(MESSAGE).unwrap();
        event.records[0].body = Some(body.into());
        let count = ("ApproximateReceiveCount".to_owned(), deliveries.to_string());
        event.records[0].attributes.extend([count]);
        let worker = runtime::queue(handler);
        let time = within(Duration::from_secs(29));
        let work = worker.work(Arc::clone(&self.env), self.clock, time, event);
        let answer = tokio::time::timeout(Duration::from_secs(30), work).await.ok()?;
        Some(answer.batch_item_failures.is_empty())
    }

    pub async fn submit(&self, id: ProposalId) -> Option<bool> {
        self.deliver(proposal::submit::submit, &json!({"id": id}).to_string(), 1)
            .await
    }

    pub async fn reconcile(&self) -> Option<bool> {
        let function = runtime::schedule(reconcile::reconcile);
        let time = within(Duration::from_secs(29));
        let work = function.start(Arc::clone(&self.env), self.clock, time);
        tokio::time::timeout(Duration::from_secs(30), work).await.ok()
    }

    /// Lets `minutes` pass with the schedule running, and delivers nothing.
    pub async fn minutes(&self, minutes: u64) {
        for _ in 0..minutes {
            tokio::time::advance(Duration::from_secs(60)).await;
            assert_eq!(self.reconcile().await, Some(true));
        }
    }

    pub fn row(&self, id: ProposalId) -> ProposalRow {
        ProposalRow::load(&self.env, id)
            .now_or_never()
            .unwrap()
            .unwrap()
            .unwrap()
    }

    /// Writes a proposal as it is, as whoever changes something else in it does.
    pub fn touch(&self, id: ProposalId) {
        let mut row = self.row(id);
        self.store(row.replace(&self.env, self.now()).unwrap());
    }

    pub fn stage(&self, id: ProposalId) -> Stage {
        self.row(id).stage
    }

    pub fn quote_row(&self, id: QuoteId) -> QuoteRow {
        QuoteRow::load(&self.env, id).now_or_never().unwrap().unwrap().unwrap()
    }

    pub fn proposals(&self) -> Vec<ProposalRow> {
        let rows = self.world.store.table("funders").into_iter();
        rows.filter(|row| row["sk"].as_s().unwrap() == "PROPOSAL")
            .map(|row| store::typed(row).unwrap())
            .collect()
    }

    /// What was sent to a queue so far; the rest stays.
    pub fn sent(&self, queue: &str) -> Vec<Sent> {
        self.world
            .outbox
            .sent()
            .into_iter()
            .filter(|sent| sent.url == queue)
            .collect()
    }

    /// Event type, id and time of everything that was announced.
    pub fn said(&self) -> Vec<(&'static str, String, Timestamp)> {
        let said = self.world.loudspeaker.said();
        said.iter()
            .map(|event| (event.kind.as_str(), event.id.to_string(), event.occurred_at))
            .collect()
    }
}

impl QuoteRow {
    pub fn external_id(&self) -> String {
        self.price.as_ref().unwrap().external_quote_id.clone()
    }
}

pub fn put(headers: &mut HeaderMap, token: &str, more: &[(&str, &str)]) {
    headers.remove("authorization");
    let token = [("authorization", token)];
    for (name, value) in more.iter().chain(token.iter().filter(|(_, token)| !token.is_empty())) {
        headers.insert(
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
}

/// Whole minutes between two moments.
pub fn minutes(from: Instant, to: Instant) -> u64 {
    (to - from).as_secs() / 60
}
