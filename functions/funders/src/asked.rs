//! The funder that a request or a row names, and how calls reach it.

use call::{Answer, Call};
use model::partner::FUNDERS;
use model::quote::Environment;
use model::{Error, Result};
use partners_funders::{Funder, funder};
use runtime::transport::{CallContext, Policy, Target};

use crate::Env;

/// A funder's adapter, the installation to call and the retry policy.
pub struct Asked {
    pub funder: &'static dyn Funder,
    pub target: Target,
    pub policy: Policy,
}

impl Asked {
    /// The funder of this name in this environment.
    pub fn of(env: &Env, name: &str, environment: Environment) -> Result<Self> {
        let funder = funder(name).ok_or_else(unknown)?;
        Ok(Self {
            funder,
            target: env.target(funder, environment)?,
            policy: env.policy(funder)?,
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
        env.outbound.exchange(target, policy, context, call, read).await
    }
}

fn unknown() -> Error {
    let names: Vec<_> = FUNDERS.iter().map(|name| format!("`{name}`")).collect();
    Error::invalid("funderName", format!("must be one of {}", names.join(", ")))
}
