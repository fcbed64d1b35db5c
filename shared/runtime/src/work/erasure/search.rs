//! What a scan looks for: the subjects of the open erasures, and the ids that are known to be theirs.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use model::email::Email;
use model::id::ErasureId;
use serde_json::Value;

use super::found::FoundSubject;
use super::register::ErasureRow;
use super::subject::{ErasureSubject, customer_digest, email_digest};
use crate::port::store::Key;
use crate::transport::redact::Redactor;

/// Rows of a subject.
#[derive(Debug)]
pub struct ErasureMatch {
    pub erasure: ErasureId,
    pub found: Vec<FoundSubject>,
    /// To be deleted in this order: the row by which the others are found comes last.
    pub rows: Vec<Key>,
}

impl ErasureMatch {
    /// Rows that lead to nothing else.
    pub fn of_rows(erasure: ErasureId, rows: Vec<Key>) -> Self {
        Self {
            erasure,
            found: Vec::new(),
            rows,
        }
    }
}

pub struct SubjectSearch {
    redactor: Redactor,
    emails: HashMap<String, (ErasureId, Timestamp)>,
    customers: HashMap<String, (ErasureId, Timestamp)>,
    cases: BTreeMap<u64, ErasureId>,
    requested: BTreeMap<ErasureId, Timestamp>,
    subjects: HashMap<String, ErasureId>,
    marks: HashMap<String, ErasureId>,
}

impl SubjectSearch {
    pub(super) fn new(redactor: &Redactor, erasures: &[ErasureRow]) -> Self {
        let mut search = Self {
            redactor: redactor.clone(),
            emails: HashMap::new(),
            customers: HashMap::new(),
            cases: BTreeMap::new(),
            requested: erasures.iter().map(|row| (row.id, row.requested_at)).collect(),
            subjects: HashMap::new(),
            marks: HashMap::new(),
        };
        for row in erasures {
            let (by_digest, digest) = match &row.subject {
                ErasureSubject::Email { digest } => (&mut search.emails, digest),
                ErasureSubject::Customer { digest } => (&mut search.customers, digest),
                ErasureSubject::Case { number } => {
                    search.cases.insert(*number, row.id);
                    continue;
                }
            };
            // Of several erasures of one subject, the last one is about everything.
            let last = by_digest.entry(digest.clone()).or_insert((row.id, row.requested_at));
            if last.1 < row.requested_at {
                *last = (row.id, row.requested_at);
            }
        }
        search
    }

    pub(super) fn learn(&mut self, erasure: ErasureId, found: &[FoundSubject]) {
        for found in found {
            self.subjects.insert(found.subject.clone(), erasure);
            self.marks.extend(found.mark.clone().map(|mark| (mark, erasure)));
        }
    }

    /// The erasure of what was made at `made` for this e-mail address, in any spelling.
    pub fn email(&self, text: &str, made: Timestamp) -> Option<ErasureId> {
        if self.emails.is_empty() || !text.contains('@') {
            return None;
        }
        let address: Email = text.trim().parse().ok()?;
        let (erasure, until) = self.emails.get(&email_digest(&self.redactor, &address))?;
        (made <= *until).then_some(*erasure)
    }

    /// The same for a document in JSON that has the address as a value at any depth.
    pub fn email_in(&self, json: &str, made: Timestamp) -> Option<ErasureId> {
        // `@` may be escaped.
        if self.emails.is_empty() || !(json.contains('@') || json.contains("\\u0040")) {
            return None;
        }
        let document: Value = serde_json::from_str(json).ok()?;
        self.any_text(&document, &|text| self.email(text, made))
    }

    /// The erasure of what was made at `made` for this user of MMOB.
    pub fn customer(&self, user: &str, made: Timestamp) -> Option<ErasureId> {
        if self.customers.is_empty() {
            return None;
        }
        let (erasure, until) = self.customers.get(&customer_digest(&self.redactor, user))?;
        (made <= *until).then_some(*erasure)
    }

    /// Whether what was made at `made` is later than the request for this erasure, and stays.
    pub fn is_later(&self, erasure: ErasureId, made: Timestamp) -> bool {
        self.requested.get(&erasure).is_some_and(|requested| made > *requested)
    }

    pub fn case(&self, number: u64) -> Option<ErasureId> {
        self.cases.get(&number).copied()
    }

    /// The erasure that has found this id.
    pub fn subject(&self, id: &str) -> Option<ErasureId> {
        self.subjects.get(id).copied()
    }

    pub fn mark(&self, mark: &str) -> Option<ErasureId> {
        self.marks.get(mark).copied()
    }

    /// The first erasure to which a text of this document leads.
    pub fn any_text(&self, document: &Value, leads_to: &dyn Fn(&str) -> Option<ErasureId>) -> Option<ErasureId> {
        match document {
            Value::String(text) => leads_to(text),
            Value::Array(items) => items.iter().find_map(|item| self.any_text(item, leads_to)),
            Value::Object(members) => members
                .iter()
                .find_map(|(name, value)| leads_to(name).or_else(|| self.any_text(value, leads_to))),
            _ => None,
        }
    }
}
