//! The cases that BQS has, the changes to each in order, and the responses under each idempotency key.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Map, Value};

use super::error::BqsError;

const FIRST_SEQUENCE: u64 = 700_001;
/// Bounds memory: the oldest cases are dropped first.
const MAX_CASES: usize = 100_000;

#[derive(Default)]
pub struct CaseStore {
    pub cases: BTreeMap<u64, Case>,
    issued: u64,
    /// The first response under each idempotency key.
    responses: BTreeMap<String, StoredResponse>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// The document after all changes.
    pub document: Map<String, Value>,
    pub changes: Vec<CaseChange>,
}

/// One change to a case. A change that is made twice is listed twice.
#[derive(Serialize)]
pub struct CaseChange {
    pub operation: &'static str,
    /// The request's `Idempotency-Key`, also if BQS does not honour keys.
    pub key: Option<String>,
    pub at: Timestamp,
}

#[derive(Clone)]
struct StoredResponse {
    fingerprint: Vec<u8>,
    response: ChangeResponse,
}

/// The successful response to a change.
#[derive(Clone)]
pub struct ChangeResponse {
    pub status: StatusCode,
    pub case: u64,
    pub body: Option<Value>,
}

impl CaseStore {
    /// Returns the first response under this key, or 422 if the first request was another one. All of this is our
    /// assumption.
    pub fn replay(&self, key: &str, body: &[u8]) -> Result<Option<ChangeResponse>, BqsError> {
        match self.responses.get(key) {
            Some(stored) if stored.fingerprint == fingerprint(body) => Ok(Some(stored.response.clone())),
            Some(_) => Err(StatusCode::UNPROCESSABLE_ENTITY.into()),
            None => Ok(None),
        }
    }

    pub fn store_response(&mut self, key: &str, body: &[u8], response: &ChangeResponse) {
        let stored = StoredResponse {
            fingerprint: fingerprint(body),
            response: response.clone(),
        };
        self.responses.insert(key.to_owned(), stored);
    }

    pub fn create(&mut self, document: Map<String, Value>, change: CaseChange) -> u64 {
        let sequence = FIRST_SEQUENCE + self.issued;
        self.issued += 1;
        let case = Case {
            document,
            changes: vec![change],
        };
        self.cases.insert(sequence, case);
        if self.cases.len() > MAX_CASES
            && let Some((oldest, _)) = self.cases.pop_first()
        {
            self.responses.retain(|_, stored| stored.response.case != oldest);
        }
        sequence
    }

    /// Forgets every case. The numbering goes on, so that no number is reused.
    pub fn clear(&mut self) {
        self.cases.clear();
        self.responses.clear();
    }

    pub fn find(&mut self, sequence: u64) -> Result<&mut Case, BqsError> {
        let found = self.cases.get_mut(&sequence);
        found.ok_or_else(|| StatusCode::NOT_FOUND.into())
    }
}

fn fingerprint(body: &[u8]) -> Vec<u8> {
    digest(&SHA256, body).as_ref().to_vec()
}

/// Merges a change into a document: absent members stay, null removes a member, objects are merged, any other value
/// replaces the old one.
pub fn merge(into: &mut Map<String, Value>, change: Map<String, Value>) {
    for (name, value) in change {
        match (into.get_mut(&name), value) {
            (_, Value::Null) => drop(into.remove(&name)),
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => drop(into.insert(name, value)),
        }
    }
}
