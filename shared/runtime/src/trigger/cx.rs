//! The context of one call: everything a handler has beside its input.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use jiff::Timestamp;
use model::id::CorrelationId;
use model::{Error, Kind, Result};
use serde::Serialize;
use tokio::time::Instant;
use uuid::Uuid;

use super::domain::Domain;
use crate::http::caller::Identity;
use crate::http::problem::Family;
use crate::http::reply::{Render, Rendered, Reply};
use crate::port::clock::Clock;
use crate::port::queue::Queue;
use crate::port::store::{Write, Written};
use crate::transport::CallContext;
use crate::work::idempotency::{Claim, Earlier};
use crate::work::quota::CallerMinute;

/// The context of one call.
pub struct Cx<E: Domain> {
    pub env: Arc<E>,
    pub caller: E::Caller,
    /// What the function requires of its callers. None for public functions and for messages.
    pub(crate) right: Option<<E::Caller as Identity>::Right>,
    pub method: Method,
    /// As the gateway decoded it. For looking up routes, never for reading data.
    pub path: String,
    pub headers: HeaderMap,
    pub correlation: CorrelationId,
    pub clock: Clock,
    /// When the call began.
    pub started: Instant,
    /// When Lambda stops the function, less the time that a response needs.
    pub deadline: Instant,
    /// How often a queue has delivered this message, from 1. Zero over HTTP.
    pub deliveries: u32,
    /// How this route words its problems.
    pub family: Family,
    pub(crate) claim: Option<Claim>,
    /// Where this request counts, if its caller has a quota.
    pub(crate) minute: Option<CallerMinute>,
}

impl<E: Domain> Cx<E> {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The caller as the domain knows them now, if they still hold what the function requires. For a writer whose condition
    /// on the caller's own row was refused.
    pub async fn reload_caller(&self) -> Result<E::Caller> {
        let caller = self.env.caller(&self.headers, self.now()).await?;
        if let Some(right) = self.right {
            caller.must_hold(right)?;
        }
        Ok(caller)
    }

    /// The context of a call to a partner that no caller waits for, about what began with `correlation`.
    pub fn call_context(&self, correlation: CorrelationId) -> CallContext {
        CallContext {
            correlation,
            clock: self.clock,
            deadline: self.deadline,
            background: true,
            failed_before: 0,
        }
    }

    /// The id of the thing that this call creates, where an idempotency key fixed it.
    pub fn subject(&self) -> Option<Uuid> {
        self.claim.as_ref().map(|claim| claim.subject)
    }

    /// The state that an earlier call with the same idempotency key left.
    pub fn earlier(&self) -> Earlier {
        self.claim.as_ref().map_or(Earlier::Nothing, |claim| claim.earlier)
    }

    /// Does what leads to a call to a partner, and counts the request beside it for its caller's quota, once. A request that
    /// ends before this does not count: a refused one, a dry run, or one whose response is stored.
    pub async fn counted<F: Future>(&self, work: F) -> F::Output {
        let count = async {
            if let Some(minute) = &self.minute {
                self.env.common().quota.count(self.env.store().as_ref(), minute).await;
            }
        };
        tokio::join!(work, count).0
    }

    /// A writer's last act: its rows and the answer kept under the idempotency key, in one write or one transaction.
    ///
    /// A refused condition means that another call has changed the row: the response asks the caller to try again.
    pub async fn commit<T: Serialize>(&self, rows: Vec<Write>, result: Result<Reply<T>>) -> Result<Reply<T>> {
        let kept = match (&self.claim, &result) {
            (None, _) => None,
            (Some(_), Ok(reply)) => Some(reply.render()?),
            (Some(_), Err(error)) => Some(self.family.render(error, self.correlation)?),
        };
        self.write(rows, kept).await?;
        result
    }

    /// The same for a response that carries a secret: `kept` is stored under the key and replayed instead.
    pub async fn commit_secret<T, K: Serialize>(
        &self,
        rows: Vec<Write>,
        kept: &Reply<K>,
        reply: Reply<T>,
    ) -> Result<Reply<T>> {
        let kept = self.claim.as_ref().map(|_| kept.render()).transpose()?;
        self.write(rows, kept).await?;
        Ok(reply)
    }

    /// The same for a writer that reads again where a condition is refused, and then decides anew.
    pub async fn try_commit(&self, rows: Vec<Write>, answer: &impl Render) -> Result<Written> {
        let kept = self.claim.as_ref().map(|_| answer.render()).transpose()?;
        self.try_write(rows, kept).await
    }

    /// The last act of a writer whose work a worker goes on with: sends the worker's message, then commits.
    ///
    /// The message goes first. A message without its row is harmless; a row without its message would wait for good. So nothing
    /// is written if the message cannot be sent. SQS holds the message back for `delay`, until the write is done. If the write
    /// took longer, a second message follows it. A worker that finds no row yet ends with [`Cx::missing`].
    ///
    /// A row that a schedule looks at needs no message before it: its write comes first.
    pub async fn commit_and_send<T: Serialize, M: Serialize>(
        &self,
        rows: Vec<Write>,
        reply: Reply<T>,
        queue: &Queue,
        message: &M,
        delay: Duration,
    ) -> Result<Reply<T>> {
        match self.try_commit_and_send(rows, &reply, queue, message, delay).await? {
            Written::Done => Ok(reply),
            Written::Refused(_) => Err(busy()),
        }
    }

    /// The same for a writer that reads again where a condition is refused, and then decides anew.
    pub async fn try_commit_and_send<M: Serialize>(
        &self,
        rows: Vec<Write>,
        answer: &impl Render,
        queue: &Queue,
        message: &M,
        delay: Duration,
    ) -> Result<Written> {
        let sent = Instant::now();
        queue.send(message, delay).await?;
        let written = self.try_commit(rows, answer).await?;
        if written == Written::Done
            && sent.elapsed() >= delay
            && let Err(error) = queue.send(message, Duration::ZERO).await
        {
            tracing::error!(
                cause = error.chain(),
                "a worker may have looked too early at what was written"
            );
        }
        Ok(written)
    }

    /// The end of a worker that finds no row for its message. The message may be early, so its first delivery comes back. A
    /// later one belongs to a call that crashed before its commit.
    pub fn missing(&self, what: &str) -> Result<()> {
        match self.deliveries {
            0 | 1 => Err(Error::new(Kind::Unavailable, format!("{what} is not there yet"))),
            _ => Ok(()),
        }
    }

    async fn write(&self, rows: Vec<Write>, kept: Option<Rendered>) -> Result<()> {
        match self.try_write(rows, kept).await? {
            Written::Done => Ok(()),
            Written::Refused(_) => Err(busy()),
        }
    }

    async fn try_write(&self, mut rows: Vec<Write>, kept: Option<Rendered>) -> Result<Written> {
        if let (Some(claim), Some(kept)) = (&self.claim, kept) {
            rows.extend(claim.settle(&kept, self.now())?);
        }
        let outcome = self.env.store().write(rows).await?;
        if let (Some(claim), Written::Done) = (&self.claim, &outcome) {
            claim.mark_settled();
        }
        Ok(outcome)
    }
}

fn busy() -> Error {
    Error::new(
        Kind::InProgress,
        "Another call is completing this one. Repeat the request.",
    )
    .retry_after(Some(Duration::from_secs(1)))
}

impl<E: Domain> Cx<E> {
    /// The context of a message or a scheduled run, which have no caller.
    pub(crate) fn for_message(
        env: Arc<E>,
        correlation: CorrelationId,
        clock: Clock,
        time: Time,
        deliveries: u32,
    ) -> Self {
        Self {
            env,
            caller: E::Caller::anonymous(),
            right: None,
            method: Method::POST,
            path: String::new(),
            headers: HeaderMap::new(),
            correlation,
            clock,
            started: time.started,
            deadline: time.deadline,
            deliveries,
            family: E::FAMILY,
            claim: None,
            minute: None,
        }
    }
}

/// When an invocation began and when it must be over.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    pub started: Instant,
    pub deadline: Instant,
}
