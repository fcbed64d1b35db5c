//! What every outbound call gets, once: retry around a limit around authentication around a traced, timed `send`.
//!
//! The order is the point. The timeout is inside the retry, so that a silent partner costs one attempt and not the
//! budget. The trace is innermost, so that every request that left is one log row, token refreshes included.

mod credential;
mod egress;
mod gate;
mod health;
mod limit;
mod policy;
mod trace;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use jiff::Timestamp;
use model::id::CorrelationId;
use model::{Error, Kind, Result};
use partners::{Answer, Auth, Call};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::CORRELATION;
use crate::redact::Redactor;
use crate::secret::Secrets;
use crate::store::Store;

pub use egress::Egress;
pub use health::{Connectivity, Health, health};
pub use policy::Policy;
pub use trace::{Attempt, Status, partition};
pub use wire::Wire;

/// No single attempt takes longer.
pub const ATTEMPT: Duration = Duration::from_secs(8);
/// A retry starts only if its delay and this much more fit before the deadline.
const WORTHWHILE: Duration = Duration::from_secs(3);

/// The narrow waist: one request out, one response in.
pub trait Transport: Send + Sync {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>>;

    /// Opens a connection to be used later.
    fn warm<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()>;
}

/// One installation of a partner, as configured.
#[derive(Clone, Debug)]
pub struct Target {
    pub partner: &'static str,
    pub environment: String,
    pub base_url: String,
    pub secret: String,
    pub auth: Auth,
    pub loggable: &'static [&'static str],
}

impl Target {
    fn id(&self) -> String {
        format!("{}#{}", self.partner, self.environment)
    }
}

/// The circumstances of one exchange.
#[derive(Clone, Copy)]
pub struct Trip {
    pub correlation: CorrelationId,
    pub clock: Clock,
    pub deadline: Instant,
    /// Whether the gate is read before the call rather than beside it: for callers who are not waited for.
    pub unhurried: bool,
}

/// Everything outbound calls share.
pub struct Outbound {
    pub transport: Arc<dyn Transport>,
    pub tracer: trace::Tracer,
    credentials: credential::Credentials,
    gate: gate::Gate,
    limit: limit::Limit,
}

impl Outbound {
    pub fn new(
        transport: Arc<dyn Transport>,
        store: Arc<dyn Store>,
        secrets: Secrets,
        config: &Config,
        table: Option<&str>,
    ) -> Self {
        let redactor = Redactor::load(config);
        let table: Option<String> = table.map(Into::into);
        Self {
            transport,
            tracer: trace::Tracer::new(
                Arc::clone(&store),
                config.get("INTEGRATION_LOG_TABLE").map(Into::into),
                redactor,
            ),
            credentials: credential::Credentials::new(secrets, config.clone()),
            gate: gate::Gate::new(Arc::clone(&store), table.clone()),
            limit: limit::Limit::new(store, table),
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

    /// A member of the partner's secret that is no credential of a call.
    pub async fn secret(&self, target: &Target, name: &str) -> Result<Option<String>> {
        self.credentials.member(target, name).await
    }

    /// Sends `call` until `read` is content with the answer or the policy says stop. Rows of the integration log gather in
    /// the tracer; the caller writes them together with its own.
    pub async fn exchange<T>(
        &self,
        target: &Target,
        policy: &Policy,
        trip: Trip,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T>,
    ) -> Result<T> {
        let mut done = policy::Done::default();
        if trip.unhurried {
            self.gate.refresh(target, trip.clock.now()).await;
        }
        loop {
            self.pass(target, policy, trip).await?;
            let attempt = self.attempt(target, trip, call, &read);
            let (outcome, mut row) = if done.is_first() && !trip.unhurried {
                tokio::join!(attempt, self.gate.refresh_if_old(target, trip.clock.now())).0
            } else {
                attempt.await
            };
            let error = match outcome {
                Ok(value) => {
                    self.tracer.keep(row.status(Status::Success).retry(done.attempts));
                    return Ok(value);
                }
                Err(error) => error,
            };
            let hold = error.retry_after.filter(|_| error.kind == Kind::PartnerThrottled);
            if let Some(wait) = hold {
                self.gate.shut(target, trip.clock.now(), wait).await;
            }
            let left = trip.deadline.saturating_duration_since(Instant::now());
            let next = policy
                .next(&mut done, &error, call.repeatable)
                .filter(|delay| *delay + WORTHWHILE <= left);
            row = row.failed(&error).retry(done.attempts);
            done.attempts += 1;
            let Some(delay) = next else {
                self.tracer.keep(row.status(Status::Failed));
                return Err(error);
            };
            self.tracer.keep(row.status(Status::Retry));
            if error.kind == Kind::PartnerAuth {
                self.credentials.renew(target).await?;
            }
            tokio::join!(tokio::time::sleep(delay), self.tracer.flush());
        }
    }

    /// Waits until the gate is open and the limit has room, if that is soon enough; otherwise nothing is sent.
    async fn pass(&self, target: &Target, policy: &Policy, trip: Trip) -> Result<()> {
        while let Some((wait, why)) = self.obstacle(target, policy, trip.clock.now()).await? {
            let left = trip.deadline.saturating_duration_since(Instant::now());
            if !policy.waits(wait) || wait + WORTHWHILE > left {
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
            return Ok(Some((wait, "the partner asked everybody to wait")));
        }
        let Some(rate) = policy.rate else { return Ok(None) };
        let wait = self.limit.take(target, rate, now).await?;
        Ok(wait.map(|wait| (wait, "our own limit for the partner is reached")))
    }

    /// One request on the wire and its row.
    async fn attempt<T>(
        &self,
        target: &Target,
        trip: Trip,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T>,
    ) -> (Result<T>, Attempt) {
        let started = Instant::now();
        let row = self.tracer.attempt(target, trip, call);
        let sent = async {
            let mut request = self.credentials.sign(target, call, trip.clock.now()).await?;
            if let Ok(correlation) = HeaderValue::from_str(&trip.correlation.to_string()) {
                request.headers_mut().insert(CORRELATION, correlation);
            }
            let left = trip.deadline.saturating_duration_since(Instant::now());
            let silent = Error::new(Kind::PartnerTimeout, "the partner did not answer in time");
            tokio::time::timeout(ATTEMPT.min(left), self.transport.send(request))
                .await
                .map_err(|_| silent)?
        };
        let (status, headers, body) = match sent.await {
            Ok(answer) => answer,
            Err(error) => return (Err(error), row.took(started.elapsed())),
        };
        let answer = Answer {
            status,
            headers,
            body,
            received_at: trip.clock.now(),
        };
        let row = row.took(started.elapsed()).answered(&answer);
        (read(&answer), row)
    }
}

#[cfg(test)]
mod tests;
