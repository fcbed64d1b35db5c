//! Writing to a case: under the caller's permissions as they are at that moment, or not at all.

use std::time::Duration;

use model::{Error, Kind, Result};
use runtime::store::{Outcome, Write};
use runtime::{Answer, Cx};
use serde::{Deserialize, Serialize};

use super::row::Sequence;
use crate::Env;
use crate::channel::{Actor, Caller, Role};
use crate::json::Document;

/// A wake-up for what is not yet written is delivered after it will be.
const SOON: Duration = Duration::from_secs(5);

/// Tells the forwarder that a case has changes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Wake {
    pub sequence: Sequence,
}

/// A writer whose permissions are a condition of what it writes.
pub struct Writer<'a> {
    cx: &'a Cx<Env>,
    actor: Actor<'a>,
}

impl<'a> Writer<'a> {
    pub fn new(cx: &'a Cx<Env>, role: Role) -> Result<Self> {
        let actor = Actor::new(cx, role)?;
        Ok(Self { cx, actor })
    }

    /// As it is known now.
    pub fn caller(&self) -> &Caller {
        &self.actor.caller
    }

    /// Dealer, brand and agreement have to be in the channel's lists wherever they are given.
    pub fn may_give(&self, document: &Document) -> Result<()> {
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

    /// Writes a change and the answer. False means that the permissions or the case had changed: with those of now, which
    /// the caller is left with, it has to be decided again.
    pub async fn commit(&mut self, sequence: Sequence, mut writes: Vec<Write>, answer: &impl Answer) -> Result<bool> {
        let queue = self.cx.env.forward_queue()?;
        let woken = tokio::time::Instant::now();
        queue.send(&Wake { sequence }, SOON).await?;
        writes.push(self.actor.caller.unchanged(&self.cx.env)?);
        match self.cx.try_commit(writes, answer).await? {
            Outcome::Done => {
                // Woken before there was anything to see.
                if woken.elapsed() >= SOON
                    && let Err(error) = queue.send(&Wake { sequence }, Duration::ZERO).await
                {
                    tracing::error!(cause = %error, case = %sequence, "a change waits for the next one to be sent on");
                }
                Ok(true)
            }
            Outcome::Refused(_) => {
                self.actor.again().await?;
                Ok(false)
            }
        }
    }
}
