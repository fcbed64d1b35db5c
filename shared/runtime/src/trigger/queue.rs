//! Functions that work through an SQS batch, whose messages fail one by one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use model::error::Verdict;
use model::id::CorrelationId;
use model::{Error, Kind, Result};
use serde_json::value::{RawValue, to_raw_value};

use super::cx::{Cx, Time};
use super::domain::Domain;
use super::function::{Function, Invocation, Output, Trigger};
use super::log;
use crate::http::document::{Input, read_json};
use crate::port::clock::Clock;

type Handler<E> = Box<dyn Fn(Cx<E>, &str) -> Result<BoxFuture<'static, Result<()>>> + Send + Sync>;

struct Worker<E: Domain> {
    handler: Handler<E>,
}

/// A function that works through a queue.
pub fn queue<E, H, I, F>(handler: H) -> Function<E>
where
    E: Domain,
    H: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
    I: Input + Send + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    Function::new(Worker {
        handler: Box::new(move |cx: Cx<E>, body: &str| Ok(Box::pin(handler(cx, read_json(body.as_bytes())?)))),
    })
}

impl<E: Domain> Worker<E> {
    /// One batch. Messages that the response names come back; all others are done.
    async fn work(&self, env: Arc<E>, clock: Clock, time: Time, event: SqsEvent) -> SqsBatchResponse {
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
        let call = AssertUnwindSafe(async { (self.handler)(cx, &body)?.await }).catch_unwind();
        let result = call
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Internal, "the handler panicked")));
        let error = result.err();
        log::write_background("queue", correlation, error.as_ref(), E::FAMILY, time);
        let back = match error.map(|error| (error.kind.rule().verdict, E::FAMILY.code(error.kind))) {
            None | Some((Verdict::Drop, _)) => false,
            Some((Verdict::Retry, _)) => true,
            Some((Verdict::Park, reason)) => !park(env.as_ref(), body, &reason).await,
        };
        back.then(|| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
    }
}

impl<E: Domain> Trigger<E> for Worker<E> {
    fn invoke(self: Arc<Self>, call: Invocation<E>, event: Box<RawValue>) -> BoxFuture<'static, Output> {
        Box::pin(async move {
            let event = serde_json::from_str(event.get())?;
            to_raw_value(&self.work(call.env, call.clock, call.time, event).await)
        })
    }
}

/// Moves a message that no retry can help to the dead-letter queue, with the reason. Where that fails, the queue's own
/// redrive does it later.
async fn park<E: Domain>(env: &E, body: String, reason: &str) -> bool {
    let Some(dead) = env.dead_letters() else { return false };
    match dead.sender.send(&dead.url, body, Duration::ZERO, Some(reason)).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(cause = error.chain(), "a message could not be parked");
            false
        }
    }
}
