//! The domain on stand-ins: what its callers, its queue and its funder would see.

mod partners;
mod random;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::sqs::SqsEvent;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use runtime::clock::Clock;
use runtime::testing::{KEY, World, auth_settings, claims, within};
use runtime::transport::Attempt as LogRow;
use runtime::{Answer, Cx, Domain, Input, store};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Env;
use crate::quote::QuoteRow;

pub use partners::{PRICED, SAMPLE, calculation, good, priced, sample};
pub use random::Random;

const EVENT: &str = include_str!("../../../events/funders-quote-generate.json");
const STATUS_EVENT: &str = include_str!("../../../events/funders-quote-status.json");
const RETRY_EVENT: &str = include_str!("../../../events/funders-quote-retry.json");
pub const JOHN: &str = "john.doe@example.com";

/// A day before the fixture's price ends.
pub const START: &str = "2024-12-30T10:20:00Z";

pub struct House {
    pub world: World,
    pub env: Arc<Env>,
    pub clock: Clock,
    pub born: Instant,
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

    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(World::default(), settings)
    }

    /// Another sandbox on the same world.
    pub fn on(world: World, settings: &[(&str, &str)]) -> Self {
        let mut config: BTreeMap<String, String> = [
            ("FUNDERS_TABLE", "quotes"),
            ("INTEGRATION_LOG_TABLE", "log"),
            ("IDEMPOTENCY_TABLE", "keys"),
            ("QUOTE_RETRY_QUEUE_URL", "retry"),
            ("PROPOSAL_SUBMIT_QUEUE_URL", "proposals"),
            ("FUNDER_EVENTS_QUEUE_URL", "events"),
            ("DOCUMENTS_BUCKET", "documents"),
            ("DEAD_LETTER_QUEUE_URL", "dead"),
            ("LEX_SANDBOX_URL", "http://lex.test/api/v1"),
            ("LEX_SANDBOX_SECRET", "lex-sandbox"),
            ("ALPHABET_SANDBOX_URL", "http://alphabet.test"),
            ("ALPHABET_SANDBOX_SECRET", "alphabet-sandbox"),
            ("REDACTION_KEY", "test"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        config.extend(
            auth_settings()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        config.extend(
            settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let credentials = json!({
            "LEX_APP_ID": "test-lex-app", "LEX_SHARED_SECRET": "test-lex-secret",
            "LEX_DEALER_ID_MAJOR": "test-major", "LEX_DEALER_ID_MINOR": "test-minor",
        });
        world
            .safe
            .secrets
            .lock()
            .unwrap()
            .insert("lex-sandbox".into(), credentials.to_string());
        let key = json!({"ALPHABET_API_KEY": "test-alphabet-key"});
        let secrets = &world.safe.secrets;
        secrets
            .lock()
            .unwrap()
            .insert("alphabet-sandbox".into(), key.to_string());
        let env = Arc::new(Env::load(config.into_iter().collect(), world.ports()));
        let clock = Clock::starting(START.parse().unwrap());
        Self {
            world,
            env,
            clock,
            born: Instant::now(),
        }
    }

    pub fn token(&self, subject: &str, email: &str, roles: &[&str]) -> String {
        let claims = claims(subject, email, roles, self.clock.now());
        format!(
            "Bearer {}",
            KEY.sign(&json!({"alg": "RS256", "typ": "JWT"}), &claims).unwrap()
        )
    }

    pub async fn quote(&self, headers: &[(&str, &str)]) -> Got {
        self.quote_as(self.token_of_john(), SAMPLE, headers).await
    }

    /// Signing takes longer than everything else here does, and every house has the same clock.
    pub fn token_of_john(&self) -> &'static str {
        static TOKEN: OnceLock<String> = OnceLock::new();
        TOKEN.get_or_init(|| self.john())
    }

    pub async fn quote_as(&self, token: &str, body: &str, headers: &[(&str, &str)]) -> Got {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(EVENT).unwrap();
        event.body = Some(body.into());
        put(&mut event.headers, token, headers);
        let function = runtime::http(crate::quote::generate::generate).once();
        got(function
            .answer(
                Arc::clone(&self.env),
                self.clock,
                within(Duration::from_secs(29)),
                event,
            )
            .await)
    }

    pub async fn status(&self, token: &str, id: &str) -> Got {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(STATUS_EVENT).unwrap();
        event.path_parameters.insert("quoteId".into(), id.into());
        put(&mut event.headers, token, &[]);
        let function = runtime::http(crate::quote::status::status);
        got(function
            .answer(
                Arc::clone(&self.env),
                self.clock,
                within(Duration::from_secs(29)),
                event,
            )
            .await)
    }

    /// Asks any function that answers `GET`.
    pub async fn get<I, F, A>(
        &self,
        handler: impl Fn(Cx<Env>, I) -> F + Send + Sync + 'static,
        token: &str,
        path: &[(&str, &str)],
        query: &str,
    ) -> Got
    where
        I: Input + Send + 'static,
        F: Future<Output = model::Result<A>> + Send + 'static,
        A: Answer + 'static,
    {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(STATUS_EVENT).unwrap();
        event.raw_query_string = Some(query.to_owned());
        self.send(handler, event, token, path).await
    }

    /// Asks any function that takes a `POST`.
    pub async fn post<I, F, A>(
        &self,
        handler: impl Fn(Cx<Env>, I) -> F + Send + Sync + 'static,
        token: &str,
        path: &[(&str, &str)],
        query: &str,
        body: &str,
    ) -> Got
    where
        I: Input + Send + 'static,
        F: Future<Output = model::Result<A>> + Send + 'static,
        A: Answer + 'static,
    {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(EVENT).unwrap();
        event.body = Some(body.to_owned());
        event.raw_query_string = Some(query.to_owned());
        self.send(handler, event, token, path).await
    }

    async fn send<I, F, A>(
        &self,
        handler: impl Fn(Cx<Env>, I) -> F + Send + Sync + 'static,
        mut event: ApiGatewayV2httpRequest,
        token: &str,
        path: &[(&str, &str)],
    ) -> Got
    where
        I: Input + Send + 'static,
        F: Future<Output = model::Result<A>> + Send + 'static,
        A: Answer + 'static,
    {
        let path = path.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        event.path_parameters = path.collect();
        put(&mut event.headers, token, &[]);
        let function = runtime::http(handler);
        let time = within(Duration::from_secs(29));
        got(function.answer(Arc::clone(&self.env), self.clock, time, event).await)
    }

    /// The first look at a new quote, by the worker that files it.
    pub async fn watch(&self) {
        for sent in self.world.outbox.take() {
            assert!(
                sent.url == "retry" && sent.body.ends_with(r#""attempt":0}"#),
                "{sent:?}"
            );
            assert!(self.deliver(&sent.body, 1).await);
        }
    }

    /// A quote of this funder for whoever has this address, filed. Its id.
    pub async fn filed(&self, funder: &str, subject: &str, email: &str) -> String {
        let got = self
            .quote_as(
                &self.token(subject, email, &[]),
                &sample(funder).replace(JOHN, email),
                &[],
            )
            .await;
        let id = match got.json()["data"]["id"].as_str() {
            Some(id) => id.to_owned(),
            None => got.json()["quoteId"].as_str().unwrap().to_owned(),
        };
        self.watch().await;
        id
    }

    pub fn staff(&self) -> String {
        self.token("staff", "staff@example.com", &["staff"])
    }

    pub fn admin(&self) -> String {
        self.token("admin", "admin@example.com", &["admin"])
    }

    pub fn john(&self) -> String {
        self.token("john", JOHN, &[])
    }

    /// The paths that were called, in order.
    pub fn paths(&self) -> Vec<String> {
        let seen = self.world.stage.seen().into_iter();
        seen.map(|(_, request)| request.uri().path().to_owned()).collect()
    }

    /// What is in a list: the keys of the rows that its entries name.
    pub fn listed(&self, list: &str) -> Vec<String> {
        let rows = self.world.store.table("quotes").into_iter();
        let named = rows.filter(|row| row["pk"].as_s().unwrap() == list);
        named.map(|row| row["row_pk"].as_s().unwrap().clone()).collect()
    }

    /// Delivers a message; true if it is done with.
    pub async fn deliver(&self, body: &str, deliveries: u32) -> bool {
        let mut event: SqsEvent = serde_json::from_str(RETRY_EVENT).unwrap();
        event.records[0].body = Some(body.into());
        event.records[0]
            .attributes
            .insert("ApproximateReceiveCount".into(), deliveries.to_string());
        let worker = runtime::queue(crate::quote::retry::retry);
        let answer = worker
            .work(
                Arc::clone(&self.env),
                self.clock,
                within(Duration::from_secs(29)),
                event,
            )
            .await;
        answer.batch_item_failures.is_empty()
    }

    pub fn rows(&self) -> Vec<QuoteRow> {
        let rows = self.world.store.table("quotes").into_iter();
        rows.filter(|row| row["sk"].as_s().unwrap() == "QUOTE")
            .map(|row| store::typed(row).unwrap())
            .collect()
    }

    pub fn row(&self) -> QuoteRow {
        let mut rows = self.rows();
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    /// By time.
    pub fn log(&self) -> Vec<LogRow> {
        let mut rows: Vec<LogRow> = self
            .world
            .store
            .table("log")
            .into_iter()
            .map(|row| store::typed(row).unwrap())
            .collect();
        rows.sort_by_key(|row| row.created_at);
        rows
    }

    /// Seconds after the house was built at which the funder was called.
    pub fn calls(&self) -> Vec<f64> {
        self.world
            .stage
            .seen()
            .iter()
            .map(|(at, _)| at.duration_since(self.born).as_secs_f64().round())
            .collect()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn put(headers: &mut HeaderMap, token: &str, more: &[(&str, &str)]) {
    headers.remove("authorization");
    for (name, value) in more
        .iter()
        .chain([("authorization", token)].iter().filter(|(_, token)| !token.is_empty()))
    {
        headers.insert(
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
}

fn got(response: aws_lambda_events::apigw::ApiGatewayV2httpResponse) -> Got {
    let Some(Body::Text(text)) = response.body else {
        panic!("no text")
    };
    Got {
        status: response.status_code,
        headers: response.headers,
        text,
    }
}
