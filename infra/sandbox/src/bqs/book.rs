//! The cases that BQS keeps, what was done to each in which order, and the keys it has seen.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Map, Value};

use super::problem::Refused;

const FIRST: u64 = 700_001;
/// Bounds memory; the oldest cases are forgotten first.
const MOST: usize = 100_000;

#[derive(Default)]
pub struct Book {
    pub cases: BTreeMap<u64, Case>,
    issued: u64,
    /// What was asked and answered under a key.
    keys: BTreeMap<String, Kept>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// As it stands after all changes.
    pub document: Map<String, Value>,
    pub changes: Vec<Change>,
}

/// One thing that was done, once for each time it was done.
#[derive(Serialize)]
pub struct Change {
    pub operation: &'static str,
    /// The `Idempotency-Key` it came with, whether keys are honoured or not.
    pub key: Option<String>,
    pub at: Timestamp,
}

#[derive(Clone)]
struct Kept {
    asked: Vec<u8>,
    done: Done,
}

/// A success.
#[derive(Clone)]
pub struct Done {
    pub status: StatusCode,
    pub case: u64,
    pub body: Option<Value>,
}

impl Book {
    /// What was answered under this key before. With another request it is 422: our assumption, as all of this is.
    pub fn replay(&self, key: &str, asked: &[u8]) -> Result<Option<Done>, Refused> {
        match self.keys.get(key) {
            Some(kept) if kept.asked == fingerprint(asked) => Ok(Some(kept.done.clone())),
            Some(_) => Err(StatusCode::UNPROCESSABLE_ENTITY.into()),
            None => Ok(None),
        }
    }

    pub fn keep(&mut self, key: &str, asked: &[u8], done: &Done) {
        let kept = Kept {
            asked: fingerprint(asked),
            done: done.clone(),
        };
        self.keys.insert(key.to_owned(), kept);
    }

    pub fn create(&mut self, document: Map<String, Value>, change: Change) -> u64 {
        let sequence = FIRST + self.issued;
        self.issued += 1;
        let case = Case {
            document,
            changes: vec![change],
        };
        self.cases.insert(sequence, case);
        if self.cases.len() > MOST
            && let Some((oldest, _)) = self.cases.pop_first()
        {
            self.keys.retain(|_, kept| kept.done.case != oldest);
        }
        sequence
    }

    /// Numbers are not given again.
    pub fn forget(&mut self) {
        self.cases.clear();
        self.keys.clear();
    }

    pub fn find(&mut self, sequence: u64) -> Result<&mut Case, Refused> {
        let found = self.cases.get_mut(&sequence);
        found.ok_or_else(|| StatusCode::NOT_FOUND.into())
    }
}

fn fingerprint(asked: &[u8]) -> Vec<u8> {
    digest(&SHA256, asked).as_ref().to_vec()
}

/// What is absent stays, what is null goes, objects are merged and everything else is replaced.
pub fn merge(into: &mut Map<String, Value>, change: Map<String, Value>) {
    for (name, value) in change {
        match (into.get_mut(&name), value) {
            (_, Value::Null) => drop(into.remove(&name)),
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => drop(into.insert(name, value)),
        }
    }
}
