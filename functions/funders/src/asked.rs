//! The funder that a request or a row names, and how calls reach it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use call::{Answer, Call};
use model::partner::FUNDERS;
use model::quote::Environment;
use model::{Error, Result};
use partners_funders::{Funder, funder};
use runtime::Cx;
use runtime::transport::{CallContext, Policy, Target};

use crate::Env;
use crate::env::Workers;

/// A funder's adapter, the installation to call and the retry policy.
pub struct Asked {
    pub funder: &'static dyn Funder,
    pub target: Target,
    pub policy: Policy,
    /// The maximum time of a request so far.
    max_time: Mutex<Option<Duration>>,
    /// The attempts so far that failed.
    failed: AtomicU32,
}

impl Asked {
    /// The funder of this name in this environment.
    pub fn of(env: &Env, name: &str, environment: Environment) -> Result<Self> {
        let funder = funder(name).ok_or_else(unknown)?;
        Ok(Self {
            funder,
            target: env.target(funder, environment)?,
            policy: env.policy(funder)?,
            max_time: Mutex::default(),
            failed: AtomicU32::new(0),
        })
    }

    /// For a worker, whose queue does the waiting: one attempt per message.
    #[must_use]
    pub fn single(self) -> Self {
        Self {
            policy: self.policy.single(),
            ..self
        }
    }

    /// For a call whose failure is the answer.
    #[must_use]
    pub fn without_retries(self) -> Self {
        Self {
            policy: self.policy.without_retries(),
            ..self
        }
    }

    /// Sends `call` under the policy, until `read` accepts the answer.
    pub async fn exchange<T>(
        &self,
        env: &Env,
        context: CallContext,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T>,
    ) -> Result<T> {
        let (target, policy) = (&self.target, &self.policy);
        let context = CallContext {
            failed_before: context.failed_before + self.failed(),
            ..context
        };
        let exchanged = env.outbound.observed(target, policy, context, call, read).await;
        self.failed.fetch_add(exchanged.failed, Ordering::Relaxed);
        let mut max_time = self.max_time.lock().unwrap_or_else(PoisonError::into_inner);
        *max_time = exchanged.max_time.max(*max_time);
        exchanged.result
    }

    /// How many attempts of its exchanges have failed.
    pub fn failed(&self) -> u32 {
        self.failed.load(Ordering::Relaxed)
    }

    fn max_time(&self) -> Option<Duration> {
        *self.max_time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work`, which calls the funder, in a place of the installation's share of these workers. None if other calls occupy
    /// the share: then nothing of `work` is done.
    pub async fn in_place<T>(
        &self,
        cx: &Cx<Env>,
        workers: &Workers,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>> {
        let group = format!("{}#{}", workers.queue, self.target.id());
        let share = cx.env.share(workers, &group)?;
        let Some(mut place) = share.take(cx.now()).await? else {
            return Ok(None);
        };
        let result = work.await;
        if let Some(time) = self.max_time() {
            place.took(time);
        }
        share.free(place, cx.now()).await;
        Ok(Some(result))
    }
}

fn unknown() -> Error {
    Error::invalid("funderName", format!("must be one of {}", FUNDERS.join(", ")))
}
