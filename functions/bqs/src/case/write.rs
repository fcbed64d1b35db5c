//! Writes to a case, conditional on the caller's permissions at that moment.

use std::time::Duration;

use model::json::Document;
use model::{Error, Kind, Result};
use runtime::port::store::{Write, Written};
use runtime::{Cx, Render};

use super::row::Sequence;
use crate::Env;
use crate::channel::{Actor, Caller};
use crate::forward::ForwarderWake;

/// The forwarder is woken before the write, so the message is delivered after the write will be done.
const WAKE_DELAY: Duration = Duration::from_secs(5);

/// A writer whose unchanged permissions are a condition of every write.
pub struct Writer<'a> {
    cx: &'a Cx<Env>,
    actor: Actor<'a>,
}

impl<'a> Writer<'a> {
    pub fn new(cx: &'a Cx<Env>) -> Self {
        Self {
            cx,
            actor: Actor::new(cx),
        }
    }

    /// With the permissions that were read last.
    pub fn caller(&self) -> &Caller {
        &self.actor.caller
    }

    /// If a document has a dealer, brand or agreement, the channel's list must contain it.
    pub fn check_lists(&self, document: &Document) -> Result<()> {
        let allowed = &self.actor.caller.permissions;
        let lists = [
            ("dealer", &allowed.allowed_dealer_codes),
            ("brandCode", &allowed.allowed_brand_codes),
            ("agreementCode", &allowed.allowed_agreements),
        ];
        for (member, list) in lists {
            let given = document.get(&[member]).is_some();
            if given && !document.integer(&[member]).is_some_and(|code| list.contains(&code)) {
                return Err(Error::new(
                    Kind::Forbidden,
                    format!("The channel may not use this {member}."),
                ));
            }
        }
        Ok(())
    }

    /// Writes a change and the response. False means that the permissions or the case had changed: the handler decides again
    /// with the caller's current permissions.
    pub async fn commit(&mut self, sequence: Sequence, mut writes: Vec<Write>, answer: &impl Render) -> Result<bool> {
        let env = &*self.cx.env;
        let wake = ForwarderWake::of(sequence);
        let woken = tokio::time::Instant::now();
        wake.send(env, WAKE_DELAY).await?;
        writes.push(self.actor.caller.unchanged(env)?);
        match self.cx.try_commit(writes, answer).await? {
            Written::Done => {
                // The forwarder may have looked before the write was done.
                if woken.elapsed() >= WAKE_DELAY
                    && let Err(error) = wake.send(env, Duration::ZERO).await
                {
                    tracing::error!(cause = %error, case = %sequence, "a change waits for the case's next change");
                }
                Ok(true)
            }
            Written::Refused(_) => {
                self.actor.reload().await?;
                Ok(false)
            }
        }
    }
}
