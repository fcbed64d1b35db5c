//! A domain's functions on stand-ins: the values that are deployed, called as Lambda calls them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use serde_json::value::to_raw_value;
use tokio::time::Instant;
use utoipa::openapi::OpenApi;

use super::fakes::Fakes;
use super::faults::{Fault, crash_after, with_faults};
use super::keys::{auth_settings, bearer};
use super::request::{TestRequest, TestResponse};
use super::routes::{DocumentedRoute, routes};
use crate::port::Ports;
use crate::port::clock::Clock;
use crate::port::config::Config;
use crate::trigger::ANSWER_MARGIN;
use crate::trigger::cx::Time;
use crate::trigger::domain::Domain;
use crate::trigger::function::{Function, Invocation};

/// The time at which a harness starts.
const START: &str = "2026-01-05T10:20:00Z";

/// Which ports an instance gets, made from the stand-ins.
type Wrap = Arc<dyn Fn(Ports) -> Ports + Send + Sync>;

/// The functions of a domain and the routes of its API document.
struct Hub<E: Domain> {
    functions: BTreeMap<&'static str, Function<E>>,
    routes: Vec<DocumentedRoute>,
}

/// The environments of functions that have started, by name.
type Instances<E> = Arc<Mutex<BTreeMap<String, Arc<E>>>>;

/// One instance of each of a domain's functions, with the credential that requests carry. A function has the ports and the
/// time that it declares, and shares no memory with another one.
pub struct Harness<E: Domain> {
    pub fakes: Fakes,
    clock: Clock,
    /// When the harness was made.
    started: Instant,
    instances: Instances<E>,
    ports: Ports,
    hub: Arc<Hub<E>>,
    settings: BTreeMap<String, String>,
    wrap: Wrap,
    headers: Vec<(HeaderName, HeaderValue)>,
    time_limit: Option<Duration>,
    kill_after: Option<Duration>,
}

impl<E: Domain> Clone for Harness<E> {
    /// The same instances.
    fn clone(&self) -> Self {
        Self {
            fakes: self.fakes.clone(),
            clock: self.clock,
            started: self.started,
            instances: Arc::clone(&self.instances),
            ports: self.ports.clone(),
            hub: Arc::clone(&self.hub),
            settings: self.settings.clone(),
            wrap: Arc::clone(&self.wrap),
            headers: self.headers.clone(),
            time_limit: self.time_limit,
            kill_after: self.kill_after,
        }
    }
}

/// An invocation that begins now and may take `limit`.
pub fn within(limit: Duration) -> Time {
    let started = Instant::now();
    Time {
        started,
        deadline: started + limit,
    }
}

impl<E: Domain> Harness<E> {
    /// `functions` are the domain's, by name, and `api` is its part of the API document.
    pub fn new(functions: Vec<(&'static str, Function<E>)>, api: &OpenApi) -> Self {
        let routes = routes(&functions, api);
        let fakes = Fakes::default();
        let mut settings: BTreeMap<String, String> = auth_settings()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        for (name, value) in [
            ("IDEMPOTENCY_TABLE", "keys"),
            ("INTEGRATION_LOG_TABLE", "log"),
            ("ERASURES_TABLE", "erasures"),
            ("DEAD_LETTER_QUEUE_URL", "dead"),
            ("REDACTION_KEY", "test"),
            ("STAGE", "test"),
        ] {
            settings.insert(name.to_owned(), value.to_owned());
        }
        let harness = Self {
            clock: Clock::System,
            started: Instant::now(),
            instances: Arc::default(),
            ports: fakes.ports(),
            hub: Arc::new(Hub {
                functions: functions.into_iter().collect(),
                routes,
            }),
            settings,
            wrap: Arc::new(|ports| ports),
            headers: Vec::new(),
            time_limit: None,
            kill_after: None,
            fakes,
        };
        harness.starting(START)
    }

    /// With these settings beside the usual ones; an empty value unsets one.
    #[must_use]
    pub fn with(mut self, settings: &[(&str, &str)]) -> Self {
        let pairs = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.settings.extend(pairs);
        self.instance()
    }

    /// With this secret.
    #[must_use]
    pub fn secret(self, id: &str, members: &serde_json::Value) -> Self {
        self.fakes.secrets.set(id, members);
        self
    }

    /// With other ports than the stand-ins, in this instance and in those made from it.
    #[must_use]
    pub fn ports(mut self, wrap: impl Fn(Ports) -> Ports + Send + Sync + 'static) -> Self {
        let inner = Arc::clone(&self.wrap);
        self.wrap = Arc::new(move |ports| wrap(inner(ports)));
        self.instance()
    }

    /// With a clock that starts here. Rows expire by it.
    #[must_use]
    pub fn starting(mut self, start: &str) -> Self {
        self.clock = Clock::starting(start.parse().unwrap_or(Timestamp::UNIX_EPOCH));
        self.fakes.store.set_clock(self.clock);
        self
    }

    /// The same functions and settings on new stand-ins, with a clock that starts again.
    #[must_use]
    pub fn fresh(&self) -> Self {
        let fakes = Fakes::default();
        let ports = (self.wrap)(fakes.ports());
        let fresh = Self {
            fakes,
            started: Instant::now(),
            ..self.loaded(ports)
        };
        fresh.starting(START)
    }

    /// Each handler has this much time instead of what its function declares.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Each call ends after this time instead of the function's timeout, so that a suspended instance can go on after it
    /// has lost its lease.
    #[must_use]
    pub fn kill_after(mut self, time: Duration) -> Self {
        self.kill_after = Some(time);
        self
    }

    /// New instances on the same stand-ins, without the memory of the others.
    #[must_use]
    pub fn instance(&self) -> Self {
        self.loaded((self.wrap)(self.fakes.ports()))
    }

    /// New instances on the same stand-ins that crash after this many steps.
    #[must_use]
    pub fn crash_after(&self, steps: u32) -> Self {
        self.loaded(crash_after((self.wrap)(self.fakes.ports()), steps))
    }

    /// New instances on the same stand-ins with this fault at each step.
    #[must_use]
    pub fn faulty(&self, fault: Arc<dyn Fault>) -> Self {
        self.loaded(with_faults((self.wrap)(self.fakes.ports()), fault))
    }

    fn loaded(&self, ports: Ports) -> Self {
        Self {
            instances: Arc::default(),
            ports,
            ..self.clone()
        }
    }

    /// An environment with every port, for a test that reads or writes rows itself.
    pub fn env(&self) -> E {
        E::load(config(&self.settings), self.ports.clone())
    }

    /// The environment of this function's instance.
    pub fn env_of(&self, function: &str) -> Arc<E> {
        let mut instances = self.instances.lock().unwrap_or_else(PoisonError::into_inner);
        let load = || {
            let ports = self.function(function).clients().restrict(self.ports.clone());
            Arc::new(E::load(config(&self.settings), ports))
        };
        Arc::clone(instances.entry(function.to_owned()).or_insert_with(load))
    }

    pub fn clock(&self) -> Clock {
        self.clock
    }

    pub fn started(&self) -> Instant {
        self.started
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The same instance, called by a person with a good token.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a harness is for tests")]
    pub fn as_person(&self, subject: &str, email: &str, roles: &[&str]) -> Self {
        let token = bearer(subject, email, roles, self.now()).expect("a token");
        self.as_bearer(&token)
    }

    /// The same instance, called with this `Authorization`.
    #[must_use]
    pub fn as_bearer(&self, authorization: &str) -> Self {
        self.anonymous().header(header::AUTHORIZATION, authorization)
    }

    #[must_use]
    pub fn as_customer(&self) -> Self {
        self.as_person("john", "john.doe@example.com", &[])
    }

    #[must_use]
    pub fn as_staff(&self) -> Self {
        self.as_person("staff", "staff@example.com", &["staff"])
    }

    #[must_use]
    pub fn as_admin(&self) -> Self {
        self.as_person("admin", "admin@example.com", &["admin"])
    }

    /// The same instance, called with this api key.
    #[must_use]
    pub fn as_channel(&self, key: &str) -> Self {
        self.anonymous().header(HeaderName::from_static("x-api-key"), key)
    }

    /// The same instance, called without credentials.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self {
            headers: Vec::new(),
            ..self.clone()
        }
    }

    /// The same instance, with this header in every request.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a harness is for tests")]
    pub fn header(&self, name: HeaderName, value: &str) -> Self {
        let mut harness = self.clone();
        let value = HeaderValue::from_str(value).expect("a header's value");
        harness.headers.push((name, value));
        harness
    }

    pub fn get(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::GET, path)
    }

    pub fn delete(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::DELETE, path)
    }

    pub fn post(&self, path: &str, body: impl std::fmt::Display) -> TestRequest<'_> {
        self.request(Method::POST, path).body(body)
    }

    pub fn put(&self, path: &str, body: impl std::fmt::Display) -> TestRequest<'_> {
        self.request(Method::PUT, path).body(body)
    }

    /// A request to the function whose route this is. The path is as the gateway has decoded it.
    #[expect(clippy::panic, reason = "a harness is for tests")]
    pub fn request(&self, method: Method, path: &str) -> TestRequest<'_> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut routes = self.hub.routes.iter().filter(|route| route.method == method);
        let found = routes.find_map(|route| Some((route, route.captures(path)?)));
        let (route, parameters) = found.unwrap_or_else(|| panic!("no function answers {method} {path}"));
        let mut event = event(&method, path, query);
        event.path_parameters = parameters.into_iter().collect();
        event.route_key = Some(format!("{method} {}", route.pattern));
        self.deliverable(route.function, Some(route), event)
    }

    /// A request to this function, for those that have no route of their own.
    pub fn call(&self, function: &'static str, method: &Method, path: &str) -> TestRequest<'_> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut event = event(method, path, query);
        event.route_key = Some("$default".to_owned());
        self.deliverable(function, None, event)
    }

    fn deliverable<'a>(
        &'a self,
        function: &'static str,
        route: Option<&'a DocumentedRoute>,
        mut event: ApiGatewayV2httpRequest,
    ) -> TestRequest<'a> {
        event
            .headers
            .extend(self.headers.iter().cloned().map(|(name, value)| (Some(name), value)));
        let send = move |event: ApiGatewayV2httpRequest| -> BoxFuture<'a, _> {
            Box::pin(async move {
                let response = self.answer(function, &event).await?;
                let response = TestResponse::of(event.raw_path.as_deref().unwrap_or_default(), response);
                if let Some(route) = route {
                    route.check(&event, response.status);
                }
                Some(response)
            })
        };
        TestRequest::new(event, Box::new(send))
    }

    /// The response of a function to an event, both as the JSON that Lambda passes. None if the instance crashed.
    #[expect(clippy::expect_used, clippy::panic, reason = "a harness is for tests")]
    async fn answer<A: DeserializeOwned>(&self, function: &str, event: &impl Serialize) -> Option<A> {
        let deployed = self.function(function);
        let limit = self
            .time_limit
            .unwrap_or(deployed.timeout().saturating_sub(ANSWER_MARGIN));
        let call = Invocation {
            env: self.env_of(function),
            clock: self.clock,
            time: within(limit),
        };
        let answer = deployed.answer(call, to_raw_value(event).expect("an event"));
        let crash = self.kill_after.unwrap_or(limit + ANSWER_MARGIN);
        let answer = tokio::time::timeout(crash, answer).await.ok()?;
        let answer = answer.and_then(|answer| serde_json::from_str(answer.get()));
        Some(answer.unwrap_or_else(|error| panic!("{function} takes other events: {error}")))
    }

    /// Every route of the domain's API document.
    pub(super) fn documented(&self) -> &[DocumentedRoute] {
        &self.hub.routes
    }

    /// Every function, by name.
    pub fn functions(&self) -> impl Iterator<Item = (&'static str, &Function<E>)> {
        self.hub.functions.iter().map(|(name, function)| (*name, function))
    }

    pub(super) fn routes(&self) -> &[DocumentedRoute] {
        &self.hub.routes
    }

    /// The function of this name, as it is deployed.
    #[expect(clippy::panic, reason = "a harness is for tests")]
    pub fn function(&self, name: &str) -> &Function<E> {
        let found = self.hub.functions.get(name);
        found.unwrap_or_else(|| panic!("there is no function {name}"))
    }

    /// Delivers a message to a worker, for the first time. True if the message is done; None if the instance crashed.
    pub async fn deliver(&self, worker: &str, body: &str) -> Option<bool> {
        self.redeliver(worker, body, 1).await
    }

    /// Delivers a message to a worker that has been delivered so often, this time included.
    pub async fn redeliver(&self, worker: &str, body: &str, deliveries: u32) -> Option<bool> {
        let mut message = SqsMessage::default();
        message.message_id = Some("message".to_owned());
        message.body = Some(body.to_owned());
        let count = ("ApproximateReceiveCount".to_owned(), deliveries.to_string());
        message.attributes.extend([count]);
        let mut event = SqsEvent::default();
        event.records.push(message);
        let answer: SqsBatchResponse = self.answer(worker, &event).await?;
        Some(answer.batch_item_failures.is_empty())
    }

    /// Runs a scheduled function. Whether it succeeded; None if the instance crashed.
    pub async fn tick(&self, schedule: &str) -> Option<bool> {
        self.answer(schedule, &json!({})).await
    }
}

fn event(method: &Method, path: &str, query: &str) -> ApiGatewayV2httpRequest {
    let mut event = ApiGatewayV2httpRequest::default();
    event.request_context.http.method = method.clone();
    event.raw_path = Some(path.to_owned());
    event.raw_query_string = Some(query.to_owned());
    event
}

fn config(settings: &BTreeMap<String, String>) -> Config {
    settings
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
