//! The BQS behind us, as tests want it: what it has made, in which order, whoever saw its answers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use model::{Error, Kind, Result};
use runtime::transport::Transport;

/// What it does with one request.
#[derive(Clone, Debug)]
pub enum Does {
    Well,
    /// Makes the change, and its answer is lost so.
    Loses(How),
    /// Makes nothing, and answers so.
    Fails(How),
    Unreachable,
}

#[derive(Clone, Debug)]
pub enum How {
    Reset,
    Silent,
    Says(u16, &'static str),
    /// With a Retry-After.
    Waits(&'static str),
}

pub struct Upstream {
    honours: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Does>,
    /// The changes of each case of ours, in the order in which they were made.
    made: BTreeMap<u64, Vec<u64>>,
    /// What was answered under a key.
    answers: BTreeMap<String, Bytes>,
    seen: Vec<Request<Bytes>>,
}

impl Upstream {
    pub fn new(honours: bool) -> Self {
        Self {
            honours,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What it does next; after that it does well.
    pub fn script(&self, does: impl IntoIterator<Item = Does>) {
        self.state().script = does.into_iter().collect();
    }

    pub fn made(&self, case: u64) -> Vec<u64> {
        self.state().made.get(&case).cloned().unwrap_or_default()
    }

    pub fn seen(&self) -> Vec<Request<Bytes>> {
        self.state().seen.clone()
    }

    /// The number of a case of ours.
    pub fn number(case: u64) -> u64 {
        700_000 + case
    }

    fn make(&self, request: &Request<Bytes>) -> Bytes {
        let mut state = self.state();
        let key = request.headers()["idempotency-key"].to_str().unwrap().to_owned();
        if let Some(answer) = state.answers.get(&key).filter(|_| self.honours) {
            return answer.clone();
        }
        let (case, n) = key.split_once('.').unwrap();
        let (case, n): (u64, u64) = (case.parse().unwrap(), n.parse().unwrap());
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

impl Transport for Upstream {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            self.state().seen.push(request.clone());
            let does = self.state().script.pop_front().unwrap_or(Does::Well);
            // Long enough for somebody else to come in between.
            tokio::time::sleep(Duration::from_millis(20)).await;
            match does {
                Does::Well => Ok((StatusCode::CREATED, HeaderMap::new(), self.make(&request))),
                Does::Loses(how) => {
                    self.make(&request);
                    how.end().await
                }
                Does::Fails(how) => how.end().await,
                Does::Unreachable => Err(Error::new(Kind::PartnerUnreachable, "refused")),
            }
        })
    }

    fn warm<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

impl How {
    async fn end(self) -> Result<(StatusCode, HeaderMap, Bytes)> {
        let mut headers = HeaderMap::new();
        let (status, body) = match self {
            Self::Reset => return Err(Error::new(Kind::PartnerTimeout, "reset")),
            Self::Silent => return std::future::pending().await,
            Self::Says(status, body) => (status, body),
            Self::Waits(wait) => {
                headers.insert("retry-after", HeaderValue::from_static(wait));
                (429, "")
            }
        };
        Ok((StatusCode::from_u16(status).unwrap(), headers, body.into()))
    }
}
