//! What every outbound call gets, once: retry around a limit around authentication around a traced, timed `send`.
//!
//! The order is the point. The timeout is inside the retry, so that a partner that does not answer costs one attempt and
//! not the budget. The trace is innermost, so that every request that left is one log row, token refreshes included.

use std::sync::Arc;
use std::time::Duration;

use call::{Answer, Call};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use model::{Error, Kind, Result};
use tokio::time::Instant;

use super::credential::Credentials;
use super::gate::Gate;
use super::limit::Limit;
use super::policy::{self, Policy};
use super::redact::Redactor;
use super::target::{CallContext, Target};
use super::trace::{Attempt, AttemptStatus, Tracer};
use crate::port::Ports;
use crate::port::clock::Clock;
use crate::port::config::Config;
use crate::port::secret::Secrets;
use crate::port::transport::Transport;

/// Carries the id that joins a caller's request, our log and a partner's call.
pub const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
/// A retry starts only if its delay and this much more fit before the deadline.
const MIN_TIME_LEFT: Duration = Duration::from_secs(3);

/// What an exchange came to.
pub struct Exchanged<T> {
    pub result: Result<T>,
    /// The time of the slowest request. None if no request left.
    pub max_time: Option<Duration>,
    /// The attempts that failed.
    pub failed: u32,
}

/// Everything outbound calls share.
pub struct Outbound {
    pub transport: Arc<dyn Transport>,
    pub tracer: Tracer,
    /// The partners' secrets, for members that are no credential of a call.
    pub secrets: Secrets,
    credentials: Credentials,
    gate: Gate,
    limit: Limit,
}

impl Outbound {
    /// `table` is the domain's own: the gate and the limit of its partners are kept there.
    pub fn new(ports: &Ports, config: &Config, table: Option<&str>) -> Self {
        let log = config.get("INTEGRATION_LOG_TABLE").map(Into::into);
        let table: Option<String> = table.map(Into::into);
        let secrets = Secrets::new(Arc::clone(&ports.vault));
        Self {
            transport: Arc::clone(&ports.transport),
            tracer: Tracer::new(Arc::clone(&ports.store), log, Redactor::load(config)),
            credentials: Credentials::new(secrets.clone(), config.clone()),
            secrets,
            gate: Gate::new(Arc::clone(&ports.store), table.clone()),
            limit: Limit::new(Arc::clone(&ports.store), table),
        }
    }

    /// Opens the connection, fetches the secret and asks whether the gate is shut, all at once.
    pub async fn warm(&self, target: &Target, clock: Clock) {
        let connect = self.transport.warm(&target.base_url);
        let _ = tokio::join!(
            connect,
            self.credentials.warm(target, clock.now()),
            self.gate.refresh(target, clock.now())
        );
    }

    /// Sends `call` until `read` accepts the answer or the policy ends the retries. Rows of the integration log gather in the
    /// tracer; the caller writes them together with its own.
    pub async fn exchange<T>(
        &self,
        target: &Target,
        policy: &Policy,
        context: CallContext,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T>,
    ) -> Result<T> {
        self.observed(target, policy, context, call, read).await.result
    }

    /// Like [`Self::exchange`], with what its attempts came to.
    pub async fn observed<T>(
        &self,
        target: &Target,
        policy: &Policy,
        context: CallContext,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T>,
    ) -> Exchanged<T> {
        let (mut done, mut max_time) = (policy::Done::default(), None);
        let seen = (&mut done, &mut max_time);
        let result = self.repeat(target, policy, context, call, read, seen).await;
        Exchanged {
            result,
            max_time,
            failed: done.attempts,
        }
    }

    async fn repeat<T>(
        &self,
        target: &Target,
        policy: &Policy,
        context: CallContext,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T>,
        (done, max_time): (&mut policy::Done, &mut Option<Duration>),
    ) -> Result<T> {
        if context.background {
            self.gate.refresh(target, context.clock.now()).await;
        }
        loop {
            self.pass(target, policy, context).await?;
            let attempt = self.attempt(target, context, call, &read);
            let (outcome, mut row, on_wire) = if done.is_first() && !context.background {
                tokio::join!(attempt, self.gate.refresh_if_old(target, context.clock.now())).0
            } else {
                attempt.await
            };
            *max_time = on_wire.max(*max_time);
            let error = match outcome {
                Ok(value) => {
                    let retries = context.failed_before + done.attempts;
                    self.tracer.keep(row.status(AttemptStatus::Success).retry(retries));
                    return Ok(value);
                }
                Err(error) => error,
            };
            let hold = error.retry_after.filter(|_| error.kind == Kind::PartnerThrottled);
            if let Some(wait) = hold {
                self.gate.shut(target, context.clock.now(), wait).await;
            }
            let left = context.deadline.saturating_duration_since(Instant::now());
            let next = policy
                .next(done, &error, call.repeatable)
                .filter(|delay| *delay + MIN_TIME_LEFT <= left);
            row = row.failed(&error).retry(context.failed_before + done.attempts);
            done.attempts += 1;
            let Some(delay) = next else {
                self.tracer.keep(row.status(AttemptStatus::Failed));
                return Err(error);
            };
            self.tracer.keep(row.status(AttemptStatus::Retry));
            if error.kind == Kind::PartnerAuth {
                self.credentials.renew(target, context.clock.now()).await?;
            }
            tokio::join!(tokio::time::sleep(delay), self.tracer.flush());
        }
    }

    /// Waits until the gate is open and the limit has room. Fails without sending if that takes too long.
    async fn pass(&self, target: &Target, policy: &Policy, context: CallContext) -> Result<()> {
        while let Some((wait, why)) = self.obstacle(target, policy, context.clock.now()).await? {
            let left = context.deadline.saturating_duration_since(Instant::now());
            if !policy.waits(wait) || wait + MIN_TIME_LEFT > left {
                let wait = wait.max(Duration::from_secs(1));
                return Err(Error::new(Kind::PartnerThrottled, why).retry_after(Some(wait)));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    async fn obstacle(
        &self,
        target: &Target,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<(Duration, &'static str)>> {
        if let Some(wait) = self.gate.shut_for(target, now) {
            return Ok(Some((wait, "the partner asked the hub to wait")));
        }
        let Some(rate) = policy.rate else { return Ok(None) };
        let wait = self.limit.take(target, rate, now).await?;
        Ok(wait.map(|wait| (wait, "our own limit for the partner is reached")))
    }

    /// One request on the wire, its row and how long it took without the hub's own work. None if it did not leave.
    async fn attempt<T>(
        &self,
        target: &Target,
        context: CallContext,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T>,
    ) -> (Result<T>, Attempt, Option<Duration>) {
        let (started, mut on_wire) = (Instant::now(), None);
        let row = self.tracer.attempt(target, context, call);
        let sent = async {
            let mut request = self.credentials.sign(target, call, context.clock.now()).await?;
            if let Ok(correlation) = HeaderValue::from_str(&context.correlation.to_string()) {
                request.headers_mut().insert(CORRELATION, correlation);
            }
            let left = context.deadline.saturating_duration_since(Instant::now());
            let silent = Error::new(Kind::PartnerTimeout, "the partner did not answer in time");
            let answer = self.transport.send(request, target.max_answer_bytes);
            let left_at = Instant::now();
            let answer = tokio::time::timeout(target.timeout.min(left), answer).await;
            on_wire = Some(left_at.elapsed());
            answer.map_err(|_| silent)?
        };
        let (status, headers, body) = match sent.await {
            Ok(answer) => answer,
            Err(error) => return (Err(error), row.took(started.elapsed()), on_wire),
        };
        let answer = Answer {
            status,
            headers,
            body,
            received_at: context.clock.now(),
        };
        let row = self.tracer.answered(row.took(started.elapsed()), target, call, &answer);
        (read(&answer), row, on_wire)
    }
}

#[cfg(test)]
mod tests;
