//! The verb `queue`: an SQS batch whose messages fail one by one, and the port that sends messages.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::MessageAttributeValue;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use model::error::Verdict;
use model::id::CorrelationId;
use model::{Error, Kind, Result};

use crate::clock::Clock;
use crate::config::Config;
use crate::cx::{Cx, Time};
use crate::document::{Input, read_json};
use crate::domain::Domain;
use crate::ports::Ports;
use crate::{Exit, launch};

/// Where messages are sent. `reason` says, in a dead-letter queue, why a message is there.
pub trait Sender: Send + Sync {
    fn send<'a>(
        &'a self,
        url: &'a str,
        body: String,
        delay: Duration,
        reason: Option<&'a str>,
    ) -> BoxFuture<'a, Result<()>>;
}

/// One queue.
#[derive(Clone)]
pub struct Queue {
    pub sender: Arc<dyn Sender>,
    pub url: String,
}

impl Queue {
    /// Sends a message that is delivered after `delay`, of which SQS allows whole seconds up to 15 minutes.
    pub async fn send<T: serde::Serialize>(&self, message: &T, delay: Duration) -> Result<()> {
        let body =
            serde_json::to_string(message).map_err(|error| Error::new(Kind::Internal, "a message").because(error))?;
        self.sender.send(&self.url, body, delay, None).await
    }
}

pub struct Sqs(LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>);

impl Sqs {
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(client)))
    }
}

impl Sender for Sqs {
    fn send<'a>(
        &'a self,
        url: &'a str,
        body: String,
        delay: Duration,
        reason: Option<&'a str>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let attributes = reason.and_then(|reason| {
                let value = MessageAttributeValue::builder()
                    .data_type("String")
                    .string_value(reason)
                    .build()
                    .ok()?;
                Some(HashMap::from([("reason".to_owned(), value)]))
            });
            let message = self
                .0
                .send_message()
                .queue_url(url)
                .message_body(body)
                .set_message_attributes(attributes);
            let delay = i32::try_from(delay.as_secs().min(900)).unwrap_or(900);
            message.delay_seconds(delay).send().await.map_err(|error| {
                let cause = DisplayErrorContext(error).to_string();
                Error::new(Kind::Unavailable, "a message could not be sent").because(cause)
            })?;
            Ok(())
        })
    }
}

/// A function that works through a queue.
pub struct Worker<E, H, I, F> {
    handler: H,
    shape: PhantomData<fn(E, I) -> F>,
}

pub fn queue<E, H, I, F>(handler: H) -> Worker<E, H, I, F> {
    Worker {
        handler,
        shape: PhantomData,
    }
}

impl<E, H, I, F> Worker<E, H, I, F>
where
    E: Domain,
    H: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
    I: Input + Send + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    pub fn run(self) -> Exit {
        self.run_on(Ports::aws)
    }

    /// With other ports than most functions have.
    pub fn run_on(self, ports: fn(&Config) -> Ports) -> Exit {
        let function = Arc::new(self);
        launch::run(ports, move |env: Arc<E>, event, time| {
            let function = Arc::clone(&function);
            async move { function.work(env, Clock::System, time, event).await }
        })
    }

    /// One batch. What is named in the answer comes back; everything else is done with.
    pub async fn work(&self, env: Arc<E>, clock: Clock, time: Time, event: SqsEvent) -> SqsBatchResponse {
        let each = event
            .records
            .into_iter()
            .map(|message| self.message(&env, clock, time, message));
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = join_all(each).await.into_iter().flatten().collect();
        response
    }

    async fn message(&self, env: &Arc<E>, clock: Clock, time: Time, message: SqsMessage) -> Option<BatchItemFailure> {
        let id = message.message_id.clone().unwrap_or_default();
        let correlation = CorrelationId::new(clock.now());
        let body = message.body.unwrap_or_default();
        let deliveries = message
            .attributes
            .get("ApproximateReceiveCount")
            .and_then(|count| count.parse().ok());
        let cx = Cx::for_message(Arc::clone(env), correlation, clock, time, deliveries.unwrap_or(1));
        let call = AssertUnwindSafe(async { (self.handler)(cx, read_json(body.as_bytes())?).await }).catch_unwind();
        let result = call
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Internal, "the handler panicked")));
        let error = result.err();
        let code = error.as_ref().map(|error| E::FAMILY.code(error.kind));
        let duration = u64::try_from(time.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let line = launch::Line {
            route: "queue",
            caller: None,
            duration,
            code: code.as_deref(),
        };
        let status = error.as_ref().map_or(200, |error| error.kind.rule().status);
        line.request(correlation, status, error.as_ref());
        let back = match error.map(|error| error.kind.rule().verdict) {
            None | Some(Verdict::Drop) => false,
            Some(Verdict::Retry) => true,
            Some(Verdict::Park) => !park(env.as_ref(), body, code.as_deref().unwrap_or_default()).await,
        };
        back.then(|| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
    }
}

/// Moves a message that no repetition can help to the dead-letter queue, with the reason. Where that fails, the queue's
/// own redrive does it later.
async fn park<E: Domain>(env: &E, body: String, reason: &str) -> bool {
    let Some(dead) = env.dead_letters() else { return false };
    match dead.sender.send(&dead.url, body, Duration::ZERO, Some(reason)).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(cause = launch::chain(&error), "a message could not be parked");
            false
        }
    }
}
