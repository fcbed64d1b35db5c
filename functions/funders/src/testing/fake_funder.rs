//! A funder that records the proposals it takes, how often it takes each, and the status it reports for each.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use model::{Error, Kind, Result};
use runtime::port::transport::Transport;
use serde_json::{Value, json};
use tokio::time::Instant;

const ABSENT: &str = include_str!("../../../../shared/partners/funders/fixtures/alphabet/proposal.absent.json");

/// How it handles a request.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// Takes a submission with this status: SUBMITTED, REFERRED, ACCEPTED or DECLINED. Answers a question.
    Well(&'static str),
    /// Takes a submission, and no usable answer comes.
    Loses(FailureMode),
    /// Takes nothing, and fails in this way.
    Fails(FailureMode),
    Unreachable,
}

#[derive(Clone, Debug)]
pub enum FailureMode {
    Reset,
    /// It never answers.
    Silent,
    Answer(u16, &'static str),
    RetryAfter(u16, &'static str),
}

/// How a proposal was taken.
#[derive(Default)]
struct Taken {
    times: u32,
    quote: String,
    status: &'static str,
}

#[derive(Default)]
struct Records {
    submissions: VecDeque<Reaction>,
    questions: VecDeque<Reaction>,
    /// By our reference.
    taken: BTreeMap<String, Taken>,
    posts: Vec<(Instant, Request<Bytes>)>,
    asked: Vec<Instant>,
    silent: Option<&'static str>,
}

#[derive(Default)]
pub struct FakeFunder(Mutex<Records>);

impl FakeFunder {
    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap()
    }

    /// Sets its reactions to the next submissions. It takes later ones.
    pub fn submissions(&self, each: impl IntoIterator<Item = Reaction>) {
        self.records().submissions = each.into_iter().collect();
    }

    /// Sets its reactions to the next questions. It answers later ones.
    pub fn questions(&self, each: impl IntoIterator<Item = Reaction>) {
        self.records().questions = each.into_iter().collect();
    }

    /// From now on this host takes everything and never answers.
    pub fn stall(&self, host: &'static str) {
        self.records().silent = Some(host);
    }

    pub fn posts(&self) -> Vec<Request<Bytes>> {
        let records = self.records();
        records.posts.iter().map(|(_, request)| request.clone()).collect()
    }

    pub fn post_times(&self) -> Vec<Instant> {
        self.records().posts.iter().map(|(at, _)| *at).collect()
    }

    pub fn asked(&self) -> Vec<Instant> {
        self.records().asked.clone()
    }

    /// How often it took this reference, and its status.
    pub fn taken(&self, reference: &str) -> Option<(u32, &'static str)> {
        let records = self.records();
        records.taken.get(reference).map(|taken| (taken.times, taken.status))
    }

    pub fn all_taken(&self) -> u32 {
        self.records().taken.values().map(|taken| taken.times).sum()
    }

    /// Changes the status of a proposal.
    pub fn decide(&self, reference: &str, status: &'static str) {
        self.records().taken.get_mut(reference).unwrap().status = status;
    }

    fn submit(&self, request: &Request<Bytes>) -> (Reaction, Value) {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let lex = request.uri().host() == Some("lex.test");
        let reference = body[if lex { "cust_reference" } else { "Reference" }].as_str().unwrap();
        let quote = match lex {
            true => request.uri().path().split('/').rev().nth(1).unwrap(),
            false => body["QuoteReference"].as_str().unwrap(),
        };
        let mut records = self.records();
        records.posts.push((Instant::now(), request.clone()));
        let reaction = records.submissions.pop_front().unwrap_or(Reaction::Well("SUBMITTED"));
        let status = match reaction {
            Reaction::Well(status) => status,
            Reaction::Loses(_) => "SUBMITTED",
            Reaction::Fails(_) | Reaction::Unreachable => return (reaction, Value::Null),
        };
        let taken = records.taken.entry(reference.to_owned()).or_default();
        *taken = Taken {
            times: taken.times + 1,
            quote: quote.to_owned(),
            status,
        };
        let answer = if lex { lex_proposal } else { alphabet_proposal };
        (reaction, answer(reference, status))
    }

    fn question(&self, request: &Request<Bytes>) -> (Reaction, u16, Value) {
        let mut records = self.records();
        records.asked.push(Instant::now());
        let reaction = records.questions.pop_front().unwrap_or(Reaction::Well(""));
        let last = request.uri().path().rsplit('/').next().unwrap();
        if request.uri().host() == Some("lex.test") {
            let found = records.taken.iter().find(|(_, taken)| taken.quote == last);
            let proposal = found.map(|(reference, taken)| lex_proposal(reference, taken.status));
            return (reaction, 200, json!({"quote_id": last, "proposal": proposal}));
        }
        match records.taken.get(last) {
            Some(taken) => (reaction, 200, alphabet_proposal(last, taken.status)),
            None => (reaction, 404, serde_json::from_str(ABSENT).unwrap()),
        }
    }
}

fn lex_proposal(reference: &str, status: &str) -> Value {
    json!({"proposal_id": "P1", "cust_reference": reference, "status": status, "reason": "as it is"})
}

fn alphabet_proposal(reference: &str, status: &str) -> Value {
    let word = format!("{}{}", &status[..1], status[1..].to_lowercase());
    json!({"Reference": reference, "ProposalReference": "P1", "Status": word, "Reason": "as it is"})
}

impl Transport for FakeFunder {
    fn send(&self, request: Request<Bytes>, _: usize) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            let (reaction, status, body) = match *request.method() {
                Method::POST => {
                    let (reaction, body) = self.submit(&request);
                    (reaction, 200, body)
                }
                _ => self.question(&request),
            };
            let answer = |status, wait: Option<&str>, body: String| {
                let wait = wait.map(|wait| (http::header::RETRY_AFTER, wait.parse().unwrap()));
                let status = StatusCode::from_u16(status).unwrap();
                Ok((status, wait.into_iter().collect(), body.into()))
            };
            let is_silent = self
                .records()
                .silent
                .is_some_and(|host| request.uri().host() == Some(host));
            let reaction = match is_silent {
                true => Reaction::Loses(FailureMode::Silent),
                false => reaction,
            };
            match reaction {
                Reaction::Well(_) => answer(status, None, body.to_string()),
                Reaction::Unreachable => Err(Error::new(Kind::PartnerUnreachable, "refused")),
                Reaction::Loses(failure) | Reaction::Fails(failure) => match failure {
                    FailureMode::Reset => Err(Error::new(Kind::PartnerReset, "reset")),
                    FailureMode::Answer(status, body) => answer(status, None, body.to_owned()),
                    FailureMode::RetryAfter(status, wait) => answer(status, Some(wait), String::new()),
                    FailureMode::Silent => {
                        tokio::time::sleep(Duration::from_secs(3600)).await;
                        Err(Error::new(Kind::Internal, "no caller waits so long"))
                    }
                },
            }
        })
    }

    fn warm<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}
