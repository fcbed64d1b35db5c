//! A worker with a case: sends one change after the other, and writes down what became of each.

use std::time::Duration;

use model::{Error, Kind, Result};
use partners::Call;
use partners::bqs::{self, Change, Said, Upload};
use runtime::store::{Outcome, Write};
use runtime::transport::{ATTEMPT, Target};
use runtime::{Cx, Domain};
use tokio::time::Instant;
use uuid::Uuid;

use super::row::{AnswerRow, ForwardRow, UpstreamRow, Why};
use super::{alarm, look_again};
use crate::Env;
use crate::case::row::{ChangeKind, ChangeRow};
use crate::document::Kept;

/// A change is begun only where an attempt, and writing down what came of it, still fit.
const NEEDED: Duration = ATTEMPT.saturating_add(Duration::from_secs(6));
/// So much of a reason is kept.
const LONGEST_REASON: usize = 2000;

pub struct Courier<'a> {
    cx: &'a Cx<Env>,
    target: Target,
    idempotent: bool,
    row: ForwardRow,
    owner: Uuid,
}

/// Whether there may be more to send.
#[derive(PartialEq)]
enum Then {
    Next,
    Stop,
}

impl<'a> Courier<'a> {
    pub fn new(cx: &'a Cx<Env>, target: Target, row: ForwardRow) -> Result<Self> {
        Ok(Self {
            idempotent: cx.env.upstream_is_idempotent()?,
            owner: Uuid::new_v4(),
            cx,
            target,
            row,
        })
    }

    /// Sends this change and those after it.
    pub async fn carry(mut self, mut change: ChangeRow) -> Result<()> {
        if let Some(n) = self.row.sending
            && !self.idempotent
        {
            return self.hold(n, Why::Unknown, "Whoever sent it is gone.").await.map(drop);
        }
        while self.deliver(&change).await? == Then::Next {
            let next = ChangeRow::load(&self.cx.env, self.row.sequence, change.n + 1).await?;
            let Some(next) = next else { break };
            if self.cx.deadline.saturating_duration_since(Instant::now()) < NEEDED {
                return look_again(self.cx, self.row.sequence, Duration::ZERO).await;
            }
            change = next;
        }
        Ok(())
    }

    async fn deliver(&mut self, change: &ChangeRow) -> Result<Then> {
        let call = match self.call(change).await {
            Ok(call) => call,
            Err(error) if error.kind == Kind::Unavailable => return Err(error),
            Err(error) => return self.hold(change.n, Why::Unsendable, &error.message).await,
        };
        self.row.sending = Some(change.n);
        self.row.take(self.owner, self.cx.now());
        if !self.write(Vec::new()).await? {
            // Somebody else has the case since, and will see whatever was there before.
            return Ok(Then::Stop);
        }
        let trip = self.cx.trip(change.correlation_id);
        let policy = self.cx.env.upstream_policy()?;
        let creates = change.kind == ChangeKind::Create;
        let read = |answer: &_| match creates {
            true => bqs::created(answer).map(|(sequence, said)| (Some(sequence), said)),
            false => bqs::accepted(answer).map(|said| (None, said)),
        };
        let outbound = &self.cx.env.outbound;
        match outbound.exchange(&self.target, &policy, trip, &call, read).await {
            Ok((upstream, said)) => self.pass(change.n, upstream, said).await,
            Err(error) => self.fail(change.n, error).await,
        }
    }

    async fn call(&self, change: &ChangeRow) -> Result<Call> {
        let key = Change {
            case: self.row.sequence.0,
            number: change.n,
        };
        if change.kind == ChangeKind::Create {
            return bqs::create(key, &change.body);
        }
        let unknown = || Error::new(Kind::Conflict, "Upstream does not have the case itself.");
        let upstream = self.row.upstream.ok_or_else(unknown)?;
        match change.kind {
            ChangeKind::Create => bqs::create(key, &change.body),
            ChangeKind::Update => bqs::update(key, upstream, &change.body),
            ChangeKind::Score => bqs::score(key, upstream, &change.body),
            ChangeKind::Consent => bqs::consent(key, upstream, &change.body),
            ChangeKind::Document => bqs::document(key, upstream, &self.upload(change).await?),
        }
    }

    async fn upload(&self, change: &ChangeRow) -> Result<Upload> {
        let kept = Kept::read(&change.body)?;
        let bytes = self.cx.env.blobs().get(self.cx.env.bucket()?, &kept.key).await?;
        let bytes = bytes.ok_or_else(|| Error::new(Kind::NotFound, "The document's file is no longer there."))?;
        Ok(Upload {
            code: kept.code,
            media_type: kept.media_type,
            bytes,
            sha256: kept.sha256,
        })
    }

    /// Upstream has it. The case is free again between any two changes.
    async fn pass(&mut self, n: u64, upstream: Option<u64>, said: Said) -> Result<Then> {
        let (env, sequence, now) = (&self.cx.env, self.row.sequence, self.cx.now());
        let rows = vec![AnswerRow::write(env, sequence, n, said, now)?];
        if let Some(upstream) = upstream {
            if !UpstreamRow::claim(env, upstream, sequence, now).await? {
                let taken = "Upstream gave a number that another case has.";
                return self.hold(n, Why::Unknown, taken).await;
            }
            self.row.upstream = Some(upstream);
        }
        self.row.passed(n);
        if self.write(rows).await? {
            return Ok(Then::Next);
        }
        Err(Error::new(
            Kind::Unavailable,
            "a case was taken away while a change of it was sent",
        ))
    }

    async fn fail(&mut self, n: u64, error: Error) -> Result<Then> {
        match error.kind {
            // It understood and said no.
            Kind::PartnerRejected => self.hold(n, Why::Refused, &told(&error)).await,
            // It never arrived, or was turned away at the door.
            Kind::PartnerUnreachable | Kind::PartnerThrottled | Kind::PartnerAuth => {
                self.row.sending = None;
                self.postpone(n, &error).await
            }
            // Before anything left: the message comes back.
            Kind::Misconfigured | Kind::Unavailable | Kind::Internal => {
                self.row.sending = None;
                self.row.release();
                self.write(Vec::new()).await?;
                Err(error)
            }
            // It may have arrived.
            _ if self.idempotent => self.postpone(n, &error).await,
            _ => self.hold(n, Why::Unknown, &told(&error)).await,
        }
    }

    async fn postpone(&mut self, n: u64, error: &Error) -> Result<Then> {
        let Some(wait) = self.row.postpone(error.retry_after, self.cx.now()) else {
            return self.hold(n, Why::Expired, &told(error)).await;
        };
        // Before it is written that somebody will come.
        look_again(self.cx, self.row.sequence, wait).await?;
        self.write(Vec::new()).await?;
        Ok(Then::Stop)
    }

    async fn hold(&mut self, n: u64, why: Why, reason: &str) -> Result<Then> {
        self.row.hold(n, why, reason, self.cx.now());
        if self.write(Vec::new()).await? {
            alarm();
        }
        Ok(Then::Stop)
    }

    /// Whether the row was still as it was left: if not, somebody else has the case.
    async fn write(&mut self, mut rows: Vec<Write>) -> Result<bool> {
        rows.push(self.row.replace(&self.cx.env, self.cx.now())?);
        Ok(self.cx.env.store().write(rows).await? == Outcome::Done)
    }
}

/// What an operator reads.
fn told(error: &Error) -> String {
    let fields = error
        .fields
        .iter()
        .map(|field| format!(" {}: {}", field.path, field.message));
    let text: String = std::iter::once(error.message.clone()).chain(fields).collect();
    text.chars().take(LONGEST_REASON).collect()
}
