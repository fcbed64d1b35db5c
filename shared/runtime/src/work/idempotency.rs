//! Idempotency keys: one record per caller, route and key. The call that claimed it owns it. It is never deleted.
//!
//! Every change of a record is conditional on its owner, so that a call that outlived its lease can neither overwrite the
//! response of the call that took over nor free its key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use model::{Error, Kind, Result};
use ring::digest::{self, digest};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::lease::Lease;
use crate::http::reply::Rendered;
use crate::port::store::{Item, Key, Store, When, Write, Written, typed};

/// How long a key is remembered, in seconds.
const RETENTION: i64 = 24 * 60 * 60;
const MAX_KEY_LENGTH: usize = 255;
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum State {
    InProgress,
    Completed,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    state: State,
    #[serde(flatten)]
    lease: Lease,
    /// How many calls have claimed it since it was last released.
    attempt: u32,
    fp: Fingerprint,
    /// The id of the thing that the call creates, fixed so that a call that takes over finds it again.
    subject: Uuid,
    status: Option<u16>,
    body: Option<String>,
    location: Option<String>,
    content_type: Option<String>,
    ttl: i64,
}

/// The state that an earlier call with the same key left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    Nothing,
    /// It started and never finished: recover from the row before doing anything again.
    Unfinished,
    /// It was accepted: answer from the row as it is now.
    Accepted,
}

/// A key that this call holds.
#[derive(Clone)]
pub struct Claim {
    key: Key,
    record: Record,
    pub subject: Uuid,
    pub earlier: Earlier,
    settled: Arc<AtomicBool>,
}

pub enum Claimed {
    /// No response is stored yet: the handler runs.
    Run(Claim),
    /// The answer is known.
    Replay(Rendered),
}

/// The key a caller sent, if any.
pub fn key(headers: &HeaderMap) -> Result<Option<&str>> {
    let Some(value) = headers.get(HEADER) else {
        return Ok(None);
    };
    match value
        .to_str()
        .ok()
        .filter(|key| (1..=MAX_KEY_LENGTH).contains(&key.len()) && !key.contains('\t'))
    {
        Some(key) => Ok(Some(key)),
        None => Err(Error::new(
            Kind::Malformed,
            format!("Idempotency-Key must be 1 to {MAX_KEY_LENGTH} printable characters."),
        )),
    }
}

/// The record of a key. Keys belong to a caller and a route.
pub fn locate(table: &str, route: &str, caller: &str, key: &str) -> Key {
    Key::new(table, fingerprint(format!("{route}\n{caller}\n{key}").as_bytes()), None)
}

/// What a repeated request must have again: query and body. Method, route and path parameters are in the key of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The order of the query's members does not matter.
    pub fn of(query: &str, body: &[u8]) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        if !query.is_empty() {
            let mut members: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
            members.sort_unstable();
            let mut sorted = form_urlencoded::Serializer::new(String::new());
            hash.update(sorted.extend_pairs(members).finish().as_bytes());
        }
        // A query has no line break.
        hash.update(b"\n");
        hash.update(body);
        Self(BASE64_URL_SAFE_NO_PAD.encode(hash.finish()))
    }
}

pub(super) fn fingerprint(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&digest::SHA256, bytes))
}

/// Claims the key, or returns its state. One round trip, unless a crashed call's claim has to be taken over.
pub async fn claim(
    store: &dyn Store,
    key: Key,
    fingerprint: Fingerprint,
    now: Timestamp,
    remaining: Duration,
) -> Result<Claimed> {
    let mut lease = Lease::default();
    lease.take(now, remaining.max(Duration::from_secs(1)) + Duration::from_secs(1));
    let mut record = Record {
        state: State::InProgress,
        lease,
        attempt: 1,
        fp: fingerprint,
        subject: *model::id::QuoteId::new(now).as_uuid(),
        status: None,
        body: None,
        location: None,
        content_type: None,
        ttl: now.as_second().saturating_add(RETENTION),
    };
    let Some(item) = attempt(store, &key, &record, When::Absent).await? else {
        return Ok(Claimed::Run(Claim::new(key, record, Earlier::Nothing)));
    };
    let held: Record = typed(item)?;
    let free = held.state == State::InProgress && held.attempt == 0;
    if held.fp != record.fp && !free {
        return Err(Error::new(
            Kind::KeyReused,
            "This Idempotency-Key was used before with another query or body.",
        ));
    }
    if held.state == State::Completed {
        return replay(key, held);
    }
    if held.lease.is_held(now) {
        return Err(in_progress());
    }
    record.attempt = held.attempt.saturating_add(1);
    record.subject = held.subject;
    let earlier = if held.attempt == 0 {
        Earlier::Nothing
    } else {
        Earlier::Unfinished
    };
    match attempt(store, &key, &record, owned(&held)).await? {
        None => Ok(Claimed::Run(Claim::new(key, record, earlier))),
        Some(_) => Err(in_progress()),
    }
}

/// Writes the record, or returns the record that is there.
async fn attempt(store: &dyn Store, key: &Key, record: &Record, when: When) -> Result<Option<Item>> {
    match store.write(vec![Write::put(key.clone(), record, when)?]).await? {
        Written::Done => Ok(None),
        Written::Refused(items) => items.into_iter().next().flatten().map(Some).ok_or_else(in_progress),
    }
}

fn in_progress() -> Error {
    Error::new(Kind::InProgress, "A call with this Idempotency-Key is still running.")
        .retry_after(Some(Duration::from_secs(1)))
}

fn owned(record: &Record) -> When {
    When::All(vec![record.lease.fence(), When::text("state", "INPROGRESS")])
}

/// An acceptance replays as the row is now, which only the handler knows. Every other response replays as it was.
fn replay(key: Key, held: Record) -> Result<Claimed> {
    if held.status == Some(StatusCode::ACCEPTED.as_u16()) {
        return Ok(Claimed::Run(Claim::new(key, held, Earlier::Accepted)));
    }
    let status = held.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or_else(|| Error::new(Kind::Internal, "an idempotency record has no status"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::CONTENT_TYPE, held.content_type),
        (header::LOCATION, held.location),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(Claimed::Replay(Rendered {
        status,
        headers,
        body: held.body.unwrap_or_default(),
        // What is committed is JSON: `Cx::commit` takes nothing else.
        base64: false,
    }))
}

/// A record's response, for the erasure of what it shows.
pub struct StoredResponse {
    key: Key,
    record: Record,
}

impl StoredResponse {
    /// None for a record that has no response, and for what is no record: the table has callers' counts too.
    pub fn of(table: &str, row: Item) -> Option<Self> {
        let key = Key::of(table, &row);
        let record: Record = typed(row).ok()?;
        (record.state == State::Completed).then_some(Self { key, record })
    }

    pub fn body(&self) -> &str {
        self.record.body.as_deref().unwrap_or_default()
    }

    pub fn location(&self) -> Option<&str> {
        self.record.location.as_deref()
    }

    /// When it was stored, to the second.
    pub fn stored_at(&self) -> Timestamp {
        Timestamp::from_second(self.record.ttl.saturating_sub(RETENTION)).unwrap_or_default()
    }

    /// The write that puts another response in its place. The key stays claimed: a repeated request does nothing, and does not
    /// make again what was erased.
    pub fn replace(mut self, answer: &Rendered) -> Result<Write> {
        let text = |name| answer.headers.get(name)?.to_str().ok().map(Into::into);
        let completed = When::text("state", "COMPLETED");
        let same = When::All(vec![self.record.lease.fence(), completed]);
        self.record.status = Some(answer.status.as_u16());
        self.record.body = Some(answer.body.clone());
        self.record.location = None;
        self.record.content_type = text(header::CONTENT_TYPE);
        Write::put(self.key, &self.record, same)
    }
}

impl Claim {
    fn new(key: Key, record: Record, earlier: Earlier) -> Self {
        let subject = record.subject;
        // An acceptance is settled already: answering it again changes nothing.
        let settled = Arc::new(AtomicBool::new(earlier == Earlier::Accepted));
        Self {
            key,
            record,
            subject,
            earlier,
            settled,
        }
    }

    /// The write that stores this response, or frees the key where the response is a failure of the hub or a partner.
    pub(crate) fn settle(&self, answer: &Rendered, now: Timestamp) -> Result<Option<Write>> {
        if self.settled.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if answer.status.is_server_error() {
            return self.release(now).map(Some);
        }
        let text = |name| {
            answer
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(Into::into)
        };
        let record = Record {
            state: State::Completed,
            status: Some(answer.status.as_u16()),
            body: Some(answer.body.clone()),
            location: text(header::LOCATION),
            content_type: text(header::CONTENT_TYPE),
            ttl: now.as_second().saturating_add(RETENTION),
            ..self.record.clone()
        };
        Write::put(self.key.clone(), &record, owned(&self.record)).map(Some)
    }

    /// Frees the key: the next call starts afresh, with an id of its own.
    fn release(&self, now: Timestamp) -> Result<Write> {
        let subject = *model::id::QuoteId::new(now).as_uuid();
        // Not held, and still fenced: of two calls that find it free, one is refused.
        let mut lease = Lease::default();
        lease.take(now, Duration::ZERO);
        let record = Record {
            lease,
            attempt: 0,
            subject,
            ..self.record.clone()
        };
        Write::put(self.key.clone(), &record, owned(&self.record))
    }

    pub(crate) fn mark_settled(&self) {
        self.settled.store(true, Ordering::Relaxed);
    }

    /// Frees the key of a call that neither stored a response nor freed it. If this fails, the lease ends by itself.
    pub(crate) async fn release_unsettled(&self, store: &dyn Store, now: Timestamp) {
        if self.settled.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(write) = self.release(now)
            && let Err(error) = store.write(vec![write]).await
        {
            tracing::warn!(error = %error, "an idempotency key waits for its lease to end");
        }
    }
}

#[cfg(test)]
mod tests;
