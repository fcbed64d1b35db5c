//! A funder that keeps books: what it has taken, how often it was asked to take it, and what it says about it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use model::{Error, Kind, Result};
use runtime::transport::Transport;
use serde_json::{Value, json};
use tokio::time::Instant;

const ABSENT: &str = include_str!("../../../../../shared/partners/fixtures/alphabet/proposal.absent.json");

/// What it does with a request.
#[derive(Clone, Debug)]
pub enum Does {
    /// Takes a submission and says how it stands: SUBMITTED, REFERRED, ACCEPTED or DECLINED. Answers a question.
    Well(&'static str),
    /// Takes a submission, and no usable answer comes.
    Loses(How),
    /// Takes nothing, and answers like that.
    Fails(How),
    Unreachable,
}

#[derive(Clone, Debug)]
pub enum How {
    Reset,
    /// It never answers.
    Silent,
    Says(u16, &'static str),
    Waits(u16, &'static str),
}

#[derive(Default)]
struct Books {
    submissions: VecDeque<Does>,
    questions: VecDeque<Does>,
    /// By our reference: how often it was taken, of which quote, and how it stands.
    taken: BTreeMap<String, (u32, String, &'static str)>,
    posts: Vec<(Instant, Request<Bytes>)>,
    asked: Vec<Instant>,
}

#[derive(Default)]
pub struct Bank(Mutex<Books>);

impl Bank {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    /// The next submissions. Later ones go well.
    pub fn submissions(&self, each: impl IntoIterator<Item = Does>) {
        self.books().submissions = each.into_iter().collect();
    }

    /// The next questions. Later ones are answered.
    pub fn questions(&self, each: impl IntoIterator<Item = Does>) {
        self.books().questions = each.into_iter().collect();
    }

    pub fn posts(&self) -> Vec<Request<Bytes>> {
        self.books().posts.iter().map(|(_, request)| request.clone()).collect()
    }

    pub fn post_times(&self) -> Vec<Instant> {
        self.books().posts.iter().map(|(at, _)| *at).collect()
    }

    pub fn asked(&self) -> Vec<Instant> {
        self.books().asked.clone()
    }

    /// How often it took this reference, and how it stands.
    pub fn taken(&self, reference: &str) -> Option<(u32, &'static str)> {
        let books = self.books();
        books.taken.get(reference).map(|(count, _, status)| (*count, *status))
    }

    pub fn all_taken(&self) -> u32 {
        self.books().taken.values().map(|(count, ..)| count).sum()
    }

    /// Changes its mind, or forgets.
    pub fn decide(&self, reference: &str, status: &'static str) {
        self.books().taken.get_mut(reference).unwrap().2 = status;
    }

    fn submit(&self, request: &Request<Bytes>) -> (Does, Value) {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let lex = request.uri().host() == Some("lex.test");
        let reference = body[if lex { "cust_reference" } else { "Reference" }].as_str().unwrap();
        let quote = match lex {
            true => request.uri().path().split('/').rev().nth(1).unwrap(),
            false => body["QuoteReference"].as_str().unwrap(),
        };
        let mut books = self.books();
        books.posts.push((Instant::now(), request.clone()));
        let does = books.submissions.pop_front().unwrap_or(Does::Well("SUBMITTED"));
        let status = match does {
            Does::Well(status) => status,
            Does::Loses(_) => "SUBMITTED",
            Does::Fails(_) | Does::Unreachable => return (does, Value::Null),
        };
        let row = books.taken.entry(reference.to_owned()).or_default();
        *row = (row.0 + 1, quote.to_owned(), status);
        (
            does,
            if lex {
                lex_proposal(reference, status)
            } else {
                alphabet_proposal(reference, status)
            },
        )
    }

    fn question(&self, request: &Request<Bytes>) -> (Does, u16, Value) {
        let mut books = self.books();
        books.asked.push(Instant::now());
        let does = books.questions.pop_front().unwrap_or(Does::Well(""));
        let last = request.uri().path().rsplit('/').next().unwrap();
        if request.uri().host() == Some("lex.test") {
            let found = books.taken.iter().find(|(_, (_, quote, _))| quote == last);
            let proposal = found.map(|(reference, (.., status))| lex_proposal(reference, status));
            return (does, 200, json!({"quote_id": last, "proposal": proposal}));
        }
        match books.taken.get(last) {
            Some((.., status)) => (does, 200, alphabet_proposal(last, status)),
            None => (does, 404, serde_json::from_str(ABSENT).unwrap()),
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

impl Transport for Bank {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            let (does, status, body) = match *request.method() {
                Method::POST => {
                    let (does, body) = self.submit(&request);
                    (does, 200, body)
                }
                _ => self.question(&request),
            };
            let answer = |status, wait: Option<&str>, body: String| {
                let wait = wait.map(|wait| (http::header::RETRY_AFTER, wait.parse().unwrap()));
                Ok((
                    StatusCode::from_u16(status).unwrap(),
                    wait.into_iter().collect(),
                    body.into(),
                ))
            };
            match does {
                Does::Well(_) => answer(status, None, body.to_string()),
                Does::Unreachable => Err(Error::new(Kind::PartnerUnreachable, "refused")),
                Does::Loses(how) | Does::Fails(how) => match how {
                    How::Reset => Err(Error::new(Kind::PartnerTimeout, "reset")),
                    How::Says(status, body) => answer(status, None, body.to_owned()),
                    How::Waits(status, wait) => answer(status, Some(wait), String::new()),
                    How::Silent => {
                        tokio::time::sleep(Duration::from_secs(3600)).await;
                        Err(Error::new(Kind::Internal, "nobody waits so long"))
                    }
                },
            }
        })
    }

    fn warm<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}
