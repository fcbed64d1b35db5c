//! A stand-in for every port.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use jiff::Timestamp;
use model::{Error, Kind, Result};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::port::Ports;
use crate::port::blob::{self, Blobs, File, Presigned};
use crate::port::bus::{Bus, Event};
use crate::port::eraser::{Eraser, ScanPage};
use crate::port::queue::Sender;
use crate::port::scanner::{ScanVerdict, Scanner};
use crate::port::secret::Vault;
use crate::port::store::{Key, Memory};
use crate::port::transport::Transport;

/// What a scripted partner does with one request.
#[derive(Clone, Debug)]
pub enum Script {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Depends on the request.
    By(fn(&Request<Bytes>) -> Script),
    /// Waits, then does the other.
    Late(Duration, Box<Script>),
    /// Answers with the head of the other at once, and with its body after this time.
    LateBody(Duration, Box<Script>),
    /// The request never arrives.
    Unreachable,
    /// The request arrives and the connection breaks.
    Reset,
}

impl Script {
    pub fn answer(status: u16, body: impl Into<String>) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }
}

/// A partner that follows a script and then repeats its usual answer.
#[derive(Default)]
pub struct FakeTransport {
    script: Mutex<VecDeque<Script>>,
    usual: Mutex<Option<Script>>,
    seen: Mutex<Vec<(Instant, Request<Bytes>)>>,
    warmed: Mutex<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakeTransport {
    pub fn script(&self, script: impl IntoIterator<Item = Script>, usual: Script) {
        *lock(&self.script) = script.into_iter().collect();
        *lock(&self.usual) = Some(usual);
    }

    /// Every request that arrived or was refused a connection, with its time.
    pub fn seen(&self) -> Vec<(Instant, Request<Bytes>)> {
        lock(&self.seen).clone()
    }

    /// The addresses to which a connection was opened beforehand.
    pub fn warmed(&self) -> Vec<String> {
        lock(&self.warmed).clone()
    }

    /// The answer to the next request, and how long after its head its body arrives.
    async fn react(&self, request: Request<Bytes>) -> Result<((StatusCode, HeaderMap, Bytes), Duration)> {
        lock(&self.seen).push((Instant::now(), request.clone()));
        let next = lock(&self.script).pop_front();
        let usual = || lock(&self.usual).clone();
        let mut step = next.or_else(usual).unwrap_or(Script::Unreachable);
        let mut body_after = Duration::ZERO;
        loop {
            match step {
                Script::By(answer) => step = answer(&request),
                Script::Late(delay, then) => {
                    tokio::time::sleep(delay).await;
                    step = *then;
                }
                Script::LateBody(delay, then) => {
                    body_after += delay;
                    step = *then;
                }
                Script::Unreachable => return Err(Error::new(Kind::PartnerUnreachable, "refused")),
                Script::Reset => return Err(Error::new(Kind::PartnerReset, "reset")),
                Script::Answer { status, headers, body } => return Ok((answered(status, headers, body)?, body_after)),
            }
        }
    }
}

impl Transport for FakeTransport {
    fn send(&self, request: Request<Bytes>, _: usize) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            let (answer, body_after) = self.react(request).await?;
            tokio::time::sleep(body_after).await;
            Ok(answer)
        })
    }

    fn notify(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap)>> {
        Box::pin(async move {
            let ((status, headers, _), _) = self.react(request).await?;
            Ok((status, headers))
        })
    }

    fn warm<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async { lock(&self.warmed).push(url.to_owned()) })
    }
}

fn answered(status: u16, headers: Vec<(&'static str, String)>, body: String) -> Result<(StatusCode, HeaderMap, Bytes)> {
    let internal = |_| Error::new(Kind::Internal, "the script cannot be followed");
    let status = StatusCode::from_u16(status).map_err(|_| internal(()))?;
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(name, value.parse().map_err(|_| internal(()))?);
    }
    Ok((status, map, body.into()))
}

/// A message that was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub url: String,
    pub body: String,
    pub delay: Duration,
    pub reason: Option<String>,
}

/// Queues that only remember messages, and refuse as many as a test asks.
#[derive(Default)]
pub struct FakeQueue(Mutex<Vec<Sent>>, Mutex<u32>);

impl FakeQueue {
    /// Refuses this many of the next messages.
    pub fn refuse(&self, messages: u32) {
        *lock(&self.1) = messages;
    }

    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.0).clone()
    }

    /// Takes the messages sent so far.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut *lock(&self.0))
    }
}

impl Sender for FakeQueue {
    fn send<'a>(
        &'a self,
        url: &'a str,
        body: String,
        delay: Duration,
        reason: Option<&'a str>,
    ) -> BoxFuture<'a, Result<()>> {
        let mut refused = lock(&self.1);
        if *refused > 0 {
            *refused -= 1;
            return Box::pin(async { Err(Error::new(Kind::Unavailable, "the queue is down")) });
        }
        lock(&self.0).push(Sent {
            url: url.into(),
            body,
            delay,
            reason: reason.map(Into::into),
        });
        Box::pin(async { Ok(()) })
    }
}

/// A bus that only remembers events, unless it is down.
#[derive(Default)]
pub struct FakeBus(Mutex<Vec<Event>>, Mutex<bool>);

impl FakeBus {
    /// Fails every publication from now on, or none.
    pub fn set_down(&self, down: bool) {
        *lock(&self.1) = down;
    }

    pub fn published(&self) -> Vec<Event> {
        lock(&self.0).clone()
    }
}

impl Bus for FakeBus {
    fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<()>> {
        if *lock(&self.1) {
            return Box::pin(async { Err(Error::new(Kind::Unavailable, "the bus is down")) });
        }
        lock(&self.0).extend(events);
        Box::pin(async { Ok(()) })
    }
}

/// Secrets by id, with a count of reads.
#[derive(Default)]
pub struct FakeSecrets {
    pub secrets: Mutex<BTreeMap<String, String>>,
    pub reads: Mutex<u32>,
}

impl FakeSecrets {
    /// Puts a secret in place of the one with this id.
    pub fn set(&self, id: &str, members: &serde_json::Value) {
        lock(&self.secrets).insert(id.to_owned(), members.to_string());
    }

    pub fn remove(&self, id: &str) -> Option<String> {
        lock(&self.secrets).remove(id)
    }
}

impl Vault for FakeSecrets {
    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        *lock(&self.reads) += 1;
        let found = lock(&self.secrets).get(id).cloned();
        let found = found.ok_or_else(|| Error::misconfigured(format!("the secret {id} cannot be read")));
        Box::pin(async move { Ok(found?.into()) })
    }
}

/// The versions of a file, each with its media type, the newest last.
type FileVersions = Vec<(String, Bytes)>;

/// Files by bucket and key.
#[derive(Default)]
pub struct FakeFiles(Mutex<BTreeMap<(String, String), FileVersions>>);

impl FakeFiles {
    /// Key, media type and content of everything there.
    pub fn files(&self) -> Vec<(String, String, Bytes)> {
        let files = lock(&self.0).clone();
        let newest = files.into_iter().filter_map(|((_, key), mut versions)| {
            let (media_type, bytes) = versions.pop()?;
            Some((key, media_type, bytes))
        });
        newest.collect()
    }

    /// The content of every version of every file.
    pub fn versions(&self) -> Vec<Bytes> {
        let files = lock(&self.0);
        files.values().flatten().map(|(_, bytes)| bytes.clone()).collect()
    }

    fn delete(&self, bucket: &str, prefix: &str) -> u64 {
        let mut files = lock(&self.0);
        let is_wanted = |(of, key): &(String, String)| of == bucket && key.starts_with(prefix);
        let wanted: Vec<_> = files.keys().filter(|key| is_wanted(key)).cloned().collect();
        let deleted = wanted
            .iter()
            .filter_map(|key| files.remove(key))
            .map(|versions| versions.len());
        deleted.sum::<usize>().try_into().unwrap_or(u64::MAX)
    }
}

impl Blobs for FakeFiles {
    fn put<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        media_type: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<()>> {
        let mut files = lock(&self.0);
        let versions = files.entry((bucket.into(), key.into())).or_default();
        versions.push((media_type.into(), bytes));
        Box::pin(async { Ok(()) })
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, size: u64) -> BoxFuture<'a, Result<Option<Bytes>>> {
        let files = lock(&self.0);
        let found = files.get(&(bucket.to_owned(), key.to_owned()));
        let found = found.and_then(|versions| versions.last().cloned());
        let limit = usize::try_from(size.saturating_add(1)).unwrap_or(usize::MAX);
        let read = move |(_, mut bytes): (String, Bytes)| {
            bytes.truncate(limit);
            bytes
        };
        Box::pin(async move { Ok(found.map(read)) })
    }

    fn delete<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<()>> {
        lock(&self.0).remove(&(bucket.to_owned(), key.to_owned()));
        Box::pin(async { Ok(()) })
    }

    /// The request that the holder may send, unsigned.
    fn presign<'a>(&'a self, file: File<'a>, now: Timestamp) -> BoxFuture<'a, Result<Presigned>> {
        let headers = [
            ("content-length", file.size.to_string()),
            ("content-type", file.media_type.to_owned()),
            ("if-none-match", "*".to_owned()),
        ];
        let presigned = Presigned {
            method: "PUT".to_owned(),
            url: format!("https://files.test/{}/{}", file.bucket, file.key),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            expires_at: now.saturating_add(blob::UPLOAD).unwrap_or(Timestamp::MAX),
        };
        Box::pin(async move { Ok(presigned) })
    }
}

/// A scanner that finds every file clean unless a test sets another verdict.
#[derive(Default)]
pub struct FakeScanner {
    usual: Mutex<Option<ScanVerdict>>,
    verdicts: Mutex<BTreeMap<String, ScanVerdict>>,
    asked: Mutex<Vec<String>>,
    is_down: Mutex<bool>,
}

impl FakeScanner {
    /// Fails every question from now on, or none.
    pub fn set_down(&self, down: bool) {
        *lock(&self.is_down) = down;
    }

    /// The verdict on every file, from now on, that has none of its own.
    pub fn set_all(&self, verdict: ScanVerdict) {
        *lock(&self.usual) = Some(verdict);
    }

    /// The verdict on the file with this key, from now on.
    pub fn set(&self, key: &str, verdict: ScanVerdict) {
        lock(&self.verdicts).insert(key.to_owned(), verdict);
    }

    /// The keys of the files whose verdicts were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.asked).clone()
    }
}

impl Scanner for FakeScanner {
    fn verdict<'a>(&'a self, _: &'a str, key: &'a str) -> BoxFuture<'a, Result<ScanVerdict>> {
        Box::pin(async move {
            lock(&self.asked).push(key.to_owned());
            if *lock(&self.is_down) {
                return Err(Error::new(Kind::Unavailable, "the scanner is down"));
            }
            let own = lock(&self.verdicts).get(key).copied();
            let usual = || *lock(&self.usual);
            Ok(own.or_else(usual).unwrap_or(ScanVerdict::Clean))
        })
    }
}

/// Deletes in the stand-ins of the tables and of the files.
struct FakeEraser {
    store: Arc<Memory>,
    files: Arc<FakeFiles>,
}

impl Eraser for FakeEraser {
    fn scan<'a>(&'a self, table: &'a str, after: Option<&'a Key>) -> BoxFuture<'a, Result<ScanPage>> {
        Box::pin(async move { self.store.scan(table, after) })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move { self.store.delete(key) })
    }

    fn delete_files<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move { Ok(self.files.delete(bucket, prefix)) })
    }
}

/// Every stand-in, each also accessible by itself.
#[derive(Clone, Default)]
pub struct Fakes {
    pub store: Arc<Memory>,
    pub queue: Arc<FakeQueue>,
    pub bus: Arc<FakeBus>,
    pub secrets: Arc<FakeSecrets>,
    pub transport: Arc<FakeTransport>,
    pub files: Arc<FakeFiles>,
    pub scanner: Arc<FakeScanner>,
}

impl Fakes {
    /// Everything that functions have written, sent, published or called, for comparison.
    pub fn state(&self) -> String {
        let (rows, sent, published) = (self.store.rows(), self.queue.sent(), self.bus.published());
        format!(
            "{:?}",
            (rows, sent, published, self.files.files(), self.transport.seen())
        )
    }

    pub fn ports(&self) -> Ports {
        Ports {
            store: self.store.clone(),
            sender: self.queue.clone(),
            bus: self.bus.clone(),
            vault: self.secrets.clone(),
            transport: self.transport.clone(),
            blobs: self.files.clone(),
            scanner: self.scanner.clone(),
            eraser: Arc::new(FakeEraser {
                store: Arc::clone(&self.store),
                files: Arc::clone(&self.files),
            }),
        }
    }
}
