//! A worker that holds the lease of a case: it sends one change after the other and records each outcome.

use std::ops::ControlFlow;
use std::time::Duration;

use call::Call;
use model::{Error, Kind, Result};
use partners_cases::{Bqs, CaseSystem, Change, Upload, UpstreamAnswer};
use runtime::Cx;
use runtime::port::blob::sha256;
use runtime::port::store::Write;
use runtime::transport::{ATTEMPT_TIMEOUT, CallContext, Target};
use tokio::time::Instant;

use super::clearance::{self, Clearance};
use super::held::{Held, HoldReason};
use super::row::{ForwardRow, raise_alarm};
use super::upstream::{AnswerRow, Linked, UpstreamRow};
use super::wake::ForwarderWake;
use crate::Env;
use crate::case::row::{ChangeKind, ChangeRow};
use crate::document::StoredDocument;

/// The time for an attempt and for recording its outcome.
const MIN_TIME_LEFT: Duration = ATTEMPT_TIMEOUT.saturating_add(Duration::from_secs(6));
/// In characters.
const MAX_REASON_LENGTH: usize = 2000;

pub struct CaseSender<'a> {
    cx: &'a Cx<Env>,
    target: Target,
    /// Whether upstream makes a change once per idempotency key.
    idempotent: bool,
    row: &'a mut ForwardRow,
}

impl<'a> CaseSender<'a> {
    pub fn new(cx: &'a Cx<Env>, target: Target, row: &'a mut ForwardRow) -> Result<Self> {
        // A case of a time without an upstream: what the hub accepted then is still to be sent.
        row.scanned_through = 0;
        Ok(Self {
            idempotent: cx.env.upstream_is_idempotent()?,
            cx,
            target,
            row,
        })
    }

    /// Sends this change and those after it.
    pub async fn send_all(mut self, mut change: ChangeRow) -> Result<()> {
        if self.row.sending.is_some() && !self.idempotent {
            let crashed = "The worker that sent it crashed.".to_owned();
            return self.hold(&change, HoldReason::Unknown, crashed).await.map(drop);
        }
        while self.send(&change).await?.is_continue() {
            let next = ChangeRow::load(self.cx.env.table()?, self.row.sequence, change.n + 1).await?;
            let Some(next) = next else { break };
            if !self.has_time() {
                return self.wake_after(Duration::ZERO).await;
            }
            change = next;
        }
        Ok(())
    }

    fn has_time(&self) -> bool {
        self.cx.deadline.saturating_duration_since(Instant::now()) >= MIN_TIME_LEFT
    }

    /// Sends one change. Continues if the next one may follow.
    async fn send(&mut self, change: &ChangeRow) -> Result<ControlFlow<()>> {
        if let Some(upstream) = self.row.created {
            // Upstream answered this change to a worker that could not link the number.
            return self.link(change, upstream).await;
        }
        if self.row.refused.contains(&change.n) {
            return self.pass_over(change.n).await;
        }
        let call = match self.call(change).await {
            Ok(call) => call.about(self.row.sequence),
            Err(error) if error.kind == Kind::Unavailable => return Err(error),
            Err(error) => return self.hold(change, HoldReason::Unsendable, error.message).await,
        };
        if change.kind == ChangeKind::Document
            && let Some(flow) = self.clear(change).await?
        {
            return Ok(flow);
        }
        self.row.sending = Some(change.n);
        self.row.lease(self.cx.now());
        if !self.write(Vec::new()).await? {
            // Another worker has the lease, and it sees every change that is there now.
            return Ok(ControlFlow::Break(()));
        }
        let context = CallContext {
            failed_before: self.row.failed_attempts,
            ..self.cx.call_context(change.correlation_id)
        };
        let policy = self.cx.env.upstream_policy()?;
        let creates = change.kind == ChangeKind::Create;
        let read = |answer: &_| match creates {
            true => Bqs.created(answer).map(|(sequence, answer)| (Some(sequence), answer)),
            false => Bqs.accepted(answer).map(|answer| (None, answer)),
        };
        let outbound = &self.cx.env.outbound;
        let exchanged = outbound.observed(&self.target, &policy, context, &call, read).await;
        self.row.failed_attempts += exchanged.failed;
        match exchanged.result {
            Ok((upstream, answer)) => self.accept(change, upstream, answer).await,
            Err(error) => self.fail(change, error).await,
        }
    }

    /// Asks the scanner about a document. None if the document may be sent.
    async fn clear(&mut self, change: &ChangeRow) -> Result<Option<ControlFlow<()>>> {
        match clearance::ask(self.cx, &StoredDocument::read(&change.body)?).await? {
            Clearance::Clean if self.has_time() => {
                self.row.clear(self.cx.now());
                Ok(None)
            }
            Clearance::Clean => {
                self.wake_after(Duration::ZERO).await?;
                Ok(Some(ControlFlow::Break(())))
            }
            Clearance::Infected => {
                self.row.advance(change.n);
                Ok(Some(flow(clearance::refuse(self.cx, self.row, change).await?)))
            }
            Clearance::Unscanned(reason) => {
                clearance::wait(self.cx, self.row, change.n, reason).await?;
                Ok(Some(ControlFlow::Break(())))
            }
        }
    }

    /// Leaves out a change whose document was refused.
    async fn pass_over(&mut self, n: u64) -> Result<ControlFlow<()>> {
        self.row.advance(n);
        Ok(flow(self.write(Vec::new()).await?))
    }

    async fn call(&self, change: &ChangeRow) -> Result<Call> {
        let key = Change {
            case: self.row.sequence.0,
            number: change.n,
        };
        let unknown = || Error::new(Kind::Conflict, "Upstream does not have the case itself.");
        let upstream = || self.row.upstream.ok_or_else(unknown);
        match change.kind {
            ChangeKind::Create => Bqs.create(key, &change.body),
            ChangeKind::Update => Bqs.update(key, upstream()?, &change.body),
            ChangeKind::Score => Bqs.score(key, upstream()?, &change.body),
            ChangeKind::Consent => Bqs.consent(key, upstream()?, &change.body),
            ChangeKind::Document => Bqs.document(key, upstream()?, &self.upload(change).await?),
        }
    }

    async fn upload(&self, change: &ChangeRow) -> Result<Upload> {
        let stored = StoredDocument::read(&change.body)?;
        let file = self.cx.env.blobs().get(self.cx.env.bucket()?, &stored.key, stored.size);
        let gone = || Error::new(Kind::NotFound, "The document's file no longer exists.");
        let bytes = file.await?.ok_or_else(gone)?;
        // A file is stored once. Only these bytes were announced and scanned.
        if sha256(&bytes) != stored.sha256 {
            return Err(Error::new(
                Kind::NotFound,
                "The document's file is not the one that the case got.",
            ));
        }
        Ok(Upload {
            code: stored.code,
            media_type: stored.media_type,
            bytes,
            sha256: stored.sha256,
        })
    }

    /// Records that upstream made a change, before anything else can fail.
    async fn accept(
        &mut self,
        change: &ChangeRow,
        upstream: Option<u64>,
        answer: UpstreamAnswer,
    ) -> Result<ControlFlow<()>> {
        let answer = AnswerRow::write(&self.cx.env, self.row.sequence, change.n, answer, self.cx.now())?;
        match upstream {
            Some(upstream) => self.row.record_number(upstream),
            None => self.row.advance(change.n),
        }
        if !self.write(vec![answer]).await? {
            return Err(Error::new(
                Kind::Unavailable,
                "a worker lost its lease while it sent a change",
            ));
        }
        match upstream {
            Some(upstream) => self.link(change, upstream).await,
            None => Ok(ControlFlow::Continue(())),
        }
    }

    /// Links the number under which upstream created the case, so that the next changes may name it.
    async fn link(&mut self, change: &ChangeRow, upstream: u64) -> Result<ControlFlow<()>> {
        let (env, now) = (&self.cx.env, self.cx.now());
        let mut row = self.row.clone();
        row.advance(change.n);
        let writes = vec![row.renew(env, now)?];
        match UpstreamRow::link(env, upstream, row.sequence, writes, now).await? {
            Linked::Done => {
                *self.row = row;
                Ok(ControlFlow::Continue(()))
            }
            Linked::Taken => {
                let taken = "Upstream returned a number that another case has.".to_owned();
                self.hold(change, HoldReason::Unknown, taken).await
            }
            // Another worker has linked it, and goes on.
            Linked::Refused => Ok(ControlFlow::Break(())),
        }
    }

    async fn fail(&mut self, change: &ChangeRow, error: Error) -> Result<ControlFlow<()>> {
        match error.kind {
            // Upstream refused the change.
            Kind::PartnerRejected => {
                let fields = error.fields.iter();
                let errors = fields.map(|field| (field.path.clone(), field.message.clone()));
                let held = self.held(change, HoldReason::Refused, reason(&error));
                self.keep_held(held.with_errors(errors)).await
            }
            // The change never arrived, or upstream did not look at it.
            Kind::PartnerUnreachable | Kind::PartnerThrottled | Kind::PartnerAuth => {
                self.row.sending = None;
                self.postpone(change, &error).await
            }
            // The attempt failed before anything left, so SQS delivers the message again.
            Kind::Misconfigured | Kind::Unavailable | Kind::Internal => {
                self.row.sending = None;
                self.row.release();
                self.write(Vec::new()).await?;
                Err(error)
            }
            // The change may have arrived.
            _ if self.idempotent => self.postpone(change, &error).await,
            _ => self.hold(change, HoldReason::Unknown, reason(&error)).await,
        }
    }

    async fn postpone(&mut self, change: &ChangeRow, error: &Error) -> Result<ControlFlow<()>> {
        let Some(wait) = self.row.postpone(error.retry_after, self.cx.now()) else {
            return self.hold(change, HoldReason::Expired, reason(error)).await;
        };
        // The message goes first: a crash between the two must not leave a retry without a message.
        self.wake_after(wait).await?;
        self.write(Vec::new()).await?;
        Ok(ControlFlow::Break(()))
    }

    async fn hold(&mut self, change: &ChangeRow, why: HoldReason, reason: String) -> Result<ControlFlow<()>> {
        self.keep_held(self.held(change, why, reason)).await
    }

    fn held(&self, change: &ChangeRow, why: HoldReason, reason: String) -> Held {
        Held::new((change.n, Some(change.kind.part())), why, reason, self.cx.now())
    }

    /// Holds a change until an operator decides.
    pub async fn keep_held(&mut self, held: Held) -> Result<ControlFlow<()>> {
        self.row.hold(held);
        if self.write(Vec::new()).await? {
            raise_alarm();
        }
        Ok(ControlFlow::Break(()))
    }

    async fn wake_after(&self, delay: Duration) -> Result<()> {
        let wake = ForwarderWake::of(self.row.sequence);
        wake.send_late(&self.cx.env, delay).await
    }

    /// Writes the row and these rows. False if another worker has written the row meanwhile.
    async fn write(&mut self, mut rows: Vec<Write>) -> Result<bool> {
        let env = &self.cx.env;
        rows.push(self.row.renew(env, self.cx.now())?);
        env.table()?.write(rows).await
    }
}

/// Continues if the write was done.
fn flow(done: bool) -> ControlFlow<()> {
    match done {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    }
}

/// The reason that an operator reads.
fn reason(error: &Error) -> String {
    let fields = error
        .fields
        .iter()
        .map(|field| format!(" {}: {}", field.path, field.message));
    let text: String = std::iter::once(error.message.clone()).chain(fields).collect();
    text.chars().take(MAX_REASON_LENGTH).collect()
}
