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
        let (cx, queue, wake) = (self.cx, self.cx.env.forward_queue()?, ForwarderWake::of(sequence));
        writes.push(self.actor.caller.unchanged(&cx.env)?);
        let commit = cx.try_commit_and_send(writes, answer, &queue, &wake, WAKE_DELAY);
        match cx.counted(commit).await? {
            Written::Done => Ok(true),
            Written::Refused(_) => {
                self.actor.reload().await?;
                Ok(false)
            }
        }
    }
}
