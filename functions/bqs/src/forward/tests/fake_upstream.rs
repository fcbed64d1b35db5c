//! A BQS upstream that records the changes that it made and their order, also where the hub never sees its answers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use model::{Error, Kind, Result};
use runtime::port::scanner::{ScanVerdict, Scanner};
use runtime::port::transport::Transport;
use runtime::testing::FakeScanner;

use super::document;

/// How it handles one request.
#[derive(Clone, Debug)]
pub enum Handling {
    Makes,
    /// Makes the change, and the hub gets this instead of the answer.
    Loses(Failure),
    /// Makes nothing.
    Fails(Failure),
    Unreachable,
}

#[derive(Clone, Debug)]
pub enum Failure {
    Reset,
    Silent,
    Answers(u16, &'static str),
    /// A 429 with this `Retry-After`.
    Throttles(&'static str),
}

pub struct FakeUpstream {
    /// Whether it makes a change once per idempotency key.
    idempotent: bool,
    scanner: Arc<FakeScanner>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Handling>,
    /// The changes that it made to each case, in order.
    made: BTreeMap<u64, Vec<u64>>,
    /// The answer to each idempotency key.
    answers: BTreeMap<String, Bytes>,
    seen: Vec<Request<Bytes>>,
    /// The changes whose documents arrived before the scanner had found them clean.
    uncleared: Vec<String>,
}

impl FakeUpstream {
    pub fn new(idempotent: bool, scanner: Arc<FakeScanner>) -> Self {
        Self {
            idempotent,
            scanner,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// How it handles the next requests. After these it makes every change.
    pub fn script(&self, script: impl IntoIterator<Item = Handling>) {
        self.state().script = script.into_iter().collect();
    }

    pub fn made(&self, case: u64) -> Vec<u64> {
        self.state().made.get(&case).cloned().unwrap_or_default()
    }

    pub fn seen(&self) -> Vec<Request<Bytes>> {
        self.state().seen.clone()
    }

    pub fn uncleared(&self) -> Vec<String> {
        self.state().uncleared.clone()
    }

    /// Records a document that arrives, whatever becomes of the request, if it is not clean.
    fn check(&self, request: &Request<Bytes>) {
        if !request.uri().path().contains("/document/") {
            return;
        }
        let (change, case, n) = change(request);
        let (key, scanner) = (document::key(case, n), &self.scanner);
        let verdict = scanner.verdict("documents", &key).now_or_never().unwrap();
        if verdict.unwrap() != ScanVerdict::Clean {
            self.state().uncleared.push(change);
        }
    }

    /// Its number of the hub's case.
    pub fn number(case: u64) -> u64 {
        700_000 + case
    }

    fn make(&self, request: &Request<Bytes>) -> Bytes {
        let mut state = self.state();
        let (key, case, n) = change(request);
        if let Some(answer) = state.answers.get(&key).filter(|_| self.idempotent) {
            return answer.clone();
        }
        if n > 1 {
            let number = Self::number(case).to_string();
            assert!(request.uri().path().contains(&number), "{}", request.uri());
        }
        state.made.entry(case).or_default().push(n);
        let answer = Bytes::from(format!(r#"{{"sequence":{}}}"#, Self::number(case)));
        state.answers.insert(key, answer.clone());
        answer
    }
}

/// The idempotency key of a request, and the case and the change that it names.
fn change(request: &Request<Bytes>) -> (String, u64, u64) {
    let key = request.headers()["idempotency-key"].to_str().unwrap().to_owned();
    let (case, n) = key.split_once('.').unwrap();
    let (case, n) = (case.parse().unwrap(), n.parse().unwrap());
    (key, case, n)
}

impl Transport for FakeUpstream {
    fn send(&self, request: Request<Bytes>, _: usize) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            self.check(&request);
            self.state().seen.push(request.clone());
            let handling = self.state().script.pop_front().unwrap_or(Handling::Makes);
            // Another worker can act meanwhile.
            tokio::time::sleep(Duration::from_millis(20)).await;
            match handling {
                Handling::Makes => Ok((StatusCode::CREATED, HeaderMap::new(), self.make(&request))),
                Handling::Loses(failure) => {
                    self.make(&request);
                    failure.end().await
                }
                Handling::Fails(failure) => failure.end().await,
                Handling::Unreachable => Err(Error::new(Kind::PartnerUnreachable, "refused")),
            }
        })
    }

    fn warm<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

impl Failure {
    async fn end(self) -> Result<(StatusCode, HeaderMap, Bytes)> {
        let mut headers = HeaderMap::new();
        let (status, body) = match self {
            Self::Reset => return Err(Error::new(Kind::PartnerReset, "reset")),
            Self::Silent => return std::future::pending().await,
            Self::Answers(status, body) => (status, body),
            Self::Throttles(wait) => {
                headers.insert("retry-after", HeaderValue::from_static(wait));
                (429, "")
            }
        };
        Ok((StatusCode::from_u16(status).unwrap(), headers, body.into()))
    }
}
