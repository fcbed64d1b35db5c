//! Stand-ins for every port, and time that tests move. Only for tests.

mod fated;
mod request;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use jiff::Timestamp;
use model::{Error, Kind, Result};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::blob::{self, Blobs, File, Presigned};
use crate::bus::{Bus, Event};
use crate::cx::Time;
use crate::ports::Ports;
use crate::queue::Sender;
use crate::secret::Vault;
use crate::store::Memory;
use crate::transport::Transport;

pub use fated::{Fate, Mortal, fated, mortal};
pub use request::{Ask, Got};

/// Chance that can be repeated: SplitMix64, small, and the same everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let sides = u64::try_from(sides).unwrap_or(u64::MAX);
        usize::try_from((z ^ (z >> 31)).checked_rem(sides).unwrap_or_default()).unwrap_or_default()
    }
}

/// What a scripted partner does with one request.
#[derive(Clone, Debug)]
pub enum Play {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Depends on what it is asked.
    By(fn(&Request<Bytes>) -> Play),
    /// Takes this long, then does the other.
    Late(Duration, Box<Play>),
    /// The request never arrives.
    Unreachable,
    /// The request arrives and the connection breaks.
    Reset,
}

impl Play {
    pub fn answer(status: u16, body: impl Into<String>) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }
}

/// A partner that plays a script and then keeps to its last line.
#[derive(Default)]
pub struct Stage {
    script: Mutex<VecDeque<Play>>,
    usual: Mutex<Option<Play>>,
    seen: Mutex<Vec<(Instant, Request<Bytes>)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    pub fn script(&self, plays: impl IntoIterator<Item = Play>, usual: Play) {
        *lock(&self.script) = plays.into_iter().collect();
        *lock(&self.usual) = Some(usual);
    }

    /// Every request that arrived or was refused a connection, with its time.
    pub fn seen(&self) -> Vec<(Instant, Request<Bytes>)> {
        lock(&self.seen).clone()
    }
}

impl Transport for Stage {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            lock(&self.seen).push((Instant::now(), request.clone()));
            let next = lock(&self.script).pop_front();
            let mut play = next.or_else(|| lock(&self.usual).clone()).unwrap_or(Play::Unreachable);
            loop {
                match play {
                    Play::By(answer) => play = answer(&request),
                    Play::Late(delay, then) => {
                        tokio::time::sleep(delay).await;
                        play = *then;
                    }
                    Play::Unreachable => return Err(Error::new(Kind::PartnerUnreachable, "refused")),
                    Play::Reset => return Err(Error::new(Kind::PartnerTimeout, "reset")),
                    Play::Answer { status, headers, body } => return answered(status, headers, body),
                }
            }
        })
    }

    fn warm<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

fn answered(status: u16, headers: Vec<(&'static str, String)>, body: String) -> Result<(StatusCode, HeaderMap, Bytes)> {
    let internal = |_| Error::new(Kind::Internal, "the script cannot be played");
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

/// Queues that only remember, and fail as often as they are told to.
#[derive(Default)]
pub struct Outbox(Mutex<Vec<Sent>>, Mutex<u32>);

impl Outbox {
    /// So many of the next messages cannot be sent.
    pub fn refuse(&self, messages: u32) {
        *lock(&self.1) = messages;
    }

    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.0).clone()
    }

    /// Takes what has been sent so far.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut *lock(&self.0))
    }
}

impl Sender for Outbox {
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

/// A bus that only remembers, unless it is down.
#[derive(Default)]
pub struct Loudspeaker(Mutex<Vec<Event>>, Mutex<bool>);

impl Loudspeaker {
    /// From now on nothing can be said, or again.
    pub fn set_down(&self, down: bool) {
        *lock(&self.1) = down;
    }

    pub fn said(&self) -> Vec<Event> {
        lock(&self.0).clone()
    }
}

impl Bus for Loudspeaker {
    fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<()>> {
        if *lock(&self.1) {
            return Box::pin(async { Err(Error::new(Kind::Unavailable, "the bus is down")) });
        }
        lock(&self.0).extend(events);
        Box::pin(async { Ok(()) })
    }
}

/// Secrets by id. Counts how often it was asked.
#[derive(Default)]
pub struct Safe {
    pub secrets: Mutex<BTreeMap<String, String>>,
    pub asked: Mutex<u32>,
}

impl Vault for Safe {
    fn fetch<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        *lock(&self.asked) += 1;
        let found = lock(&self.secrets).get(id).cloned();
        let found = found.ok_or_else(|| Error::misconfigured(format!("the secret {id} cannot be read")));
        Box::pin(async move { Ok(found?.into()) })
    }
}

/// Files by bucket and key, with their media types.
#[derive(Default)]
pub struct Shelf(Mutex<BTreeMap<(String, String), (String, Bytes)>>);

impl Shelf {
    /// Key, media type and content of everything there.
    pub fn files(&self) -> Vec<(String, String, Bytes)> {
        let files = lock(&self.0).clone();
        let files = files
            .into_iter()
            .map(|((_, key), (media_type, bytes))| (key, media_type, bytes));
        files.collect()
    }
}

impl Blobs for Shelf {
    fn put<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        media_type: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<()>> {
        lock(&self.0).insert((bucket.into(), key.into()), (media_type.into(), bytes));
        Box::pin(async { Ok(()) })
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        let found = lock(&self.0).get(&(bucket.to_owned(), key.to_owned())).cloned();
        Box::pin(async move { Ok(found.map(|(_, bytes)| bytes)) })
    }

    /// What the holder may send, unsigned.
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

/// All stand-ins, each also at hand by itself.
#[derive(Clone, Default)]
pub struct World {
    pub store: Arc<Memory>,
    pub outbox: Arc<Outbox>,
    pub loudspeaker: Arc<Loudspeaker>,
    pub safe: Arc<Safe>,
    pub stage: Arc<Stage>,
    pub shelf: Arc<Shelf>,
}

impl World {
    pub fn ports(&self) -> Ports {
        Ports {
            store: self.store.clone(),
            sender: self.outbox.clone(),
            bus: self.loudspeaker.clone(),
            vault: self.safe.clone(),
            transport: self.stage.clone(),
            blobs: self.shelf.clone(),
        }
    }
}

/// An invocation that begins now and may take `limit`.
pub fn within(limit: Duration) -> Time {
    let started = Instant::now();
    Time {
        started,
        deadline: started + limit,
    }
}

/// A key pair that exists for tests and is used nowhere else.
#[derive(Clone, Copy)]
pub struct TestKey {
    pkcs8: &'static [u8],
    pub public_pem: &'static str,
}

pub const KEY: TestKey = TestKey {
    pkcs8: include_bytes!("../fixtures/test-only-key-one.pk8"),
    public_pem: include_str!("../fixtures/test-only-key-one.pub.pem"),
};

pub const OTHER_KEY: TestKey = TestKey {
    pkcs8: include_bytes!("../fixtures/test-only-key-two.pk8"),
    public_pem: include_str!("../fixtures/test-only-key-two.pub.pem"),
};

impl TestKey {
    /// A token with this header and these claims, whatever they say.
    pub fn sign(&self, header: &serde_json::Value, claims: &serde_json::Value) -> Result<String> {
        sign(self.pkcs8, &header.to_string(), &claims.to_string())
    }

    /// The same, from text that may be wrong in ways a value cannot.
    pub fn sign_text(&self, header: &str, claims: &str) -> Result<String> {
        sign(self.pkcs8, header, claims)
    }
}

/// An RS256 token, signed with a key in PKCS#8 DER.
pub fn sign(pkcs8: &[u8], header: &str, claims: &str) -> Result<String> {
    let internal = |what: &str| Error::new(Kind::Internal, what);
    let message = format!(
        "{}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(header),
        BASE64_URL_SAFE_NO_PAD.encode(claims)
    );
    let key = ring::signature::RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| internal("the test key"))?;
    let mut signature = vec![0; key.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    key.sign(
        &ring::signature::RSA_PKCS1_SHA256,
        &random,
        message.as_bytes(),
        &mut signature,
    )
    .map_err(|_| internal("signing"))?;
    Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// The claims of a person as the auth service would write them.
pub fn claims(subject: &str, email: &str, roles: &[&str], now: Timestamp) -> serde_json::Value {
    serde_json::json!({
        "iss": "self-serve-platform", "aud": "self-serve-users", "sub": subject, "email": email, "email_verified": true,
        "roles": roles, "iat": now.as_second(), "exp": now.as_second() + 3600,
    })
}

/// The settings that accept [`KEY`]'s tokens.
pub fn auth_settings() -> Vec<(&'static str, String)> {
    vec![
        ("JWT_PUBLIC_KEY", KEY.public_pem.replace('\n', "\\n")),
        ("JWT_ISSUER", "self-serve-platform".into()),
        ("JWT_AUDIENCE", "self-serve-users".into()),
    ]
}
