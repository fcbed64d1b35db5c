//! What a handler knows beside its input.

use std::sync::Arc;

use http::{HeaderMap, Method};
use jiff::Timestamp;
use model::id::CorrelationId;
use model::{Error, Kind, Result};
use serde::Serialize;
use tokio::time::Instant;
use uuid::Uuid;

use crate::clock::Clock;
use crate::domain::{Domain, Identity};
use crate::once::{Claim, Earlier};
use crate::reply::{Answer, Rendered, Reply};
use crate::store::{Outcome, Write};
use crate::transport::Trip;

/// The context of one call.
pub struct Cx<E: Domain> {
    pub env: Arc<E>,
    pub caller: E::Caller,
    pub method: Method,
    /// As the gateway decoded it. For looking up routes, never for reading data.
    pub path: String,
    pub headers: HeaderMap,
    pub correlation: CorrelationId,
    pub clock: Clock,
    /// When the call began.
    pub started: Instant,
    /// When the function is stopped, less what answering needs.
    pub deadline: Instant,
    /// How often a queue has delivered this message, from 1. Zero over HTTP.
    pub deliveries: u32,
    pub(crate) claim: Option<Claim>,
}

impl<E: Domain> Cx<E> {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The circumstances of asking a partner for somebody who is not waiting, about what began with `correlation`.
    pub fn trip(&self, correlation: CorrelationId) -> Trip {
        Trip {
            correlation,
            clock: self.clock,
            deadline: self.deadline,
            unhurried: true,
        }
    }

    /// The id for what this call creates, where an idempotency key fixed it.
    pub fn subject(&self) -> Option<Uuid> {
        self.claim.as_ref().map(|claim| claim.subject)
    }

    /// What an earlier call with the same idempotency key left behind.
    pub fn earlier(&self) -> Earlier {
        self.claim.as_ref().map_or(Earlier::Nothing, |claim| claim.earlier)
    }

    /// A writer's last act: its rows and the answer kept under the idempotency key, in one write or one transaction.
    ///
    /// A refused condition means that somebody else has moved the row on: the caller is told to ask again.
    pub async fn commit<T: Serialize>(&self, rows: Vec<Write>, result: Result<Reply<T>>) -> Result<Reply<T>> {
        let kept = match (&self.claim, &result) {
            (None, _) => None,
            (Some(_), Ok(reply)) => Some(reply.render()?),
            (Some(_), Err(error)) => Some(E::FAMILY.render(error, self.correlation)?),
        };
        self.write(rows, kept).await?;
        result
    }

    /// The same for an answer that carries a secret: what is kept under the key, and replayed, is `kept`.
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

    /// The same for a writer who looks again where a condition is refused, and then decides anew.
    pub async fn try_commit(&self, rows: Vec<Write>, answer: &impl Answer) -> Result<Outcome> {
        let kept = self.claim.as_ref().map(|_| answer.render()).transpose()?;
        self.try_write(rows, kept).await
    }

    async fn write(&self, rows: Vec<Write>, kept: Option<Rendered>) -> Result<()> {
        match self.try_write(rows, kept).await? {
            Outcome::Done => Ok(()),
            Outcome::Refused(_) => Err(
                Error::new(Kind::InProgress, "Another call is finishing this one. Ask again.")
                    .retry_after(Some(std::time::Duration::from_secs(1))),
            ),
        }
    }

    async fn try_write(&self, mut rows: Vec<Write>, kept: Option<Rendered>) -> Result<Outcome> {
        if let (Some(claim), Some(kept)) = (&self.claim, kept) {
            rows.extend(claim.settle(&kept, self.now())?);
        }
        let outcome = self.env.store().write(rows).await?;
        if let (Some(claim), Outcome::Done) = (&self.claim, &outcome) {
            claim.mark_settled();
        }
        Ok(outcome)
    }
}

impl<E: Domain> Cx<E> {
    /// The context of a message: nobody calls.
    pub(crate) fn for_message(
        env: Arc<E>,
        correlation: CorrelationId,
        clock: Clock,
        time: Time,
        deliveries: u32,
    ) -> Self {
        Self {
            env,
            caller: E::Caller::nobody(),
            method: Method::POST,
            path: String::new(),
            headers: HeaderMap::new(),
            correlation,
            clock,
            started: time.started,
            deadline: time.deadline,
            deliveries,
            claim: None,
        }
    }
}

/// When an invocation began and when it must be over.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    pub started: Instant,
    pub deadline: Instant,
}
