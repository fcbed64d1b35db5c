//! The rows of a case and of its changes, which are numbered in the order in which the forwarder sends them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use model::id::CorrelationId;
use model::json::Document;
use model::{Error, Kind, Result};
use runtime::port::store::{Key, When, Write};
use runtime::work::row::{Revised, Row, Table, Version};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::documents::DocumentCount;
use super::parts::{CasePart, CaseParts, DocumentChange, PartChange};
use super::refused::{RefusedDocument, RefusedDocuments};
use crate::Env;
use crate::channel::Caller;

/// The row around the document has to fit into DynamoDB's 400 KB.
pub const MAX_CASE_BYTES: usize = 256 * 1024;
/// A scoring or consent counts as running for this long. The hub does not learn when it ends.
const RUN_DURATION: SignedDuration = SignedDuration::from_mins(15);
/// Runs of one case at the same time.
const MAX_RUNNING: usize = 50;

/// A case's number. Numbers increase and are given once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The partition of the case, its changes and what became of them.
    pub fn partition(self) -> String {
        format!("CASE#{self}")
    }

    /// A new number. The number of a failed creation stays unused.
    pub async fn next(env: &Env) -> Result<Self> {
        let rows = env.table()?;
        let counter = rows.key("COUNTER", "CASE");
        rows.store.count(&counter, None).await.map(Self)
    }

    /// Reads a path parameter.
    pub fn parse(text: Option<&String>) -> Result<Self> {
        text.map_or("", String::as_str).parse()
    }
}

impl FromStr for Sequence {
    type Err = Error;

    /// Leading zeros are no other number.
    fn from_str(text: &str) -> Result<Self> {
        let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let number = digits.and_then(|text| text.parse().ok()).filter(|number| *number > 0);
        number
            .map(Self)
            .ok_or_else(|| Error::invalid("sequence", "The value is not valid."))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a channel can start for a customer, once at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Run {
    Score,
    Consent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    Create,
    Update,
    Score,
    Consent,
    Document,
}

impl ChangeKind {
    pub fn part(self) -> CasePart {
        match self {
            Self::Create | Self::Update => CasePart::Case,
            Self::Score => CasePart::Scoring,
            Self::Consent => CasePart::Consent,
            Self::Document => CasePart::Document,
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseRow {
    pub sequence: Sequence,
    /// The channel that created the case. It never changes.
    pub channel: String,
    pub dealer: i64,
    /// JSON text: a stored number would not keep decimals apart from floats.
    document: String,
    /// Every write of a case adds a change, a refused document or an announced one.
    #[serde(flatten)]
    version: Version,
    #[serde(default)]
    pub documents: DocumentCount,
    /// How many documents were announced.
    #[serde(default)]
    announced: u32,
    #[serde(default, skip_serializing_if = "RefusedDocuments::is_empty")]
    pub refused: RefusedDocuments,
    /// The start of each run, by kind and organisation.
    running: BTreeMap<String, Timestamp>,
    /// The changes that the case shows the progress of.
    #[serde(default, skip_serializing_if = "CaseParts::is_empty")]
    pub parts: CaseParts,
    pub created_at: Timestamp,
    /// None in a row of before cases had an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

/// One accepted change. Such a row is written once and never replaced.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeRow {
    pub sequence: Sequence,
    pub n: u64,
    pub kind: ChangeKind,
    /// The request as canonical JSON text.
    pub body: String,
    pub correlation_id: CorrelationId,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

impl ChangeRow {
    fn key(rows: Table<'_>, sequence: Sequence, n: u64) -> Key {
        rows.key(sequence.partition(), &format!("CHANGE#{n:06}"))
    }

    pub async fn load(rows: Table<'_>, sequence: Sequence, n: u64) -> Result<Option<Self>> {
        rows.read(&Self::key(rows, sequence, n)).await
    }
}

impl Row for CaseRow {
    type Id = Sequence;

    fn key(table: Table<'_>, id: &Sequence) -> Key {
        table.key(id.partition(), "CASE")
    }

    fn id(&self) -> &Sequence {
        &self.sequence
    }
}

impl Revised for CaseRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl CaseRow {
    pub fn new(sequence: Sequence, channel: &str, document: &Document, now: Timestamp) -> Result<Self> {
        let mut row = Self {
            sequence,
            channel: channel.to_owned(),
            dealer: 0,
            document: String::new(),
            version: Version::default(),
            documents: DocumentCount::default(),
            announced: 0,
            refused: RefusedDocuments::default(),
            running: BTreeMap::new(),
            parts: CaseParts::default(),
            created_at: now,
            ttl: None,
        };
        row.set_document(document)?;
        Ok(row)
    }

    /// The case, if the caller may use it.
    pub async fn of(env: &Env, caller: &Caller, sequence: Sequence) -> Result<Self> {
        let row = Self::load(env.table()?, &sequence)
            .await?
            .ok_or_else(Error::not_found)?;
        row.admit(caller)?;
        Ok(row)
    }

    /// A channel may use its own cases, while it handles their dealers. Another channel's case is forbidden if the caller
    /// handles its dealer, and otherwise not found.
    pub fn admit(&self, caller: &Caller) -> Result<()> {
        let forbidden = |why| Err(Error::new(Kind::Forbidden, why));
        match (self.channel == caller.channel, caller.handles(self.dealer)) {
            (true, true) => Ok(()),
            (true, false) => forbidden("The channel no longer handles the case's dealer."),
            (false, true) => forbidden("The case belongs to another channel."),
            (false, false) => Err(Error::not_found()),
        }
    }

    /// The number of changes, which are numbered from 1.
    pub fn changes(&self) -> u64 {
        let others = self.refused.count.saturating_add(self.announced);
        self.version.revision().saturating_sub(others).into()
    }

    /// The document as it is stored.
    pub fn json(&self) -> &str {
        &self.document
    }

    pub fn document(&self) -> Result<Document> {
        Document::stored(&self.document)
    }

    pub fn set_document(&mut self, document: &Document) -> Result<()> {
        self.dealer = document
            .integer(&["dealer"])
            .ok_or_else(|| Error::new(Kind::Internal, "a case has no dealer"))?;
        self.document = document.render()?;
        if self.document.len() <= MAX_CASE_BYTES {
            return Ok(());
        }
        Err(Error::new(
            Kind::TooLarge,
            format!("A case must be at most {MAX_CASE_BYTES} bytes."),
        ))
    }

    /// Marks a run as started. False if it is running already.
    pub fn start(&mut self, run: Run, organisation: &str, now: Timestamp) -> Result<bool> {
        self.running
            .retain(|_, began| now.duration_since(*began) < RUN_DURATION);
        let name = match run {
            Run::Score => format!("score#{organisation}"),
            Run::Consent => format!("consent#{organisation}"),
        };
        if self.running.contains_key(&name) {
            return Ok(false);
        }
        if self.running.len() >= MAX_RUNNING {
            let wait = std::time::Duration::from_secs(60);
            return Err(Error::new(Kind::TooMany, "Too much is running for this case.").retry_after(Some(wait)));
        }
        self.running.insert(name, now);
        let change = Some(PartChange {
            n: self.next_change(),
            at: now,
        });
        match run {
            Run::Score => self.parts.scoring = change,
            Run::Consent => self.parts.consent = change,
        }
        Ok(true)
    }

    /// Notes the document that the next change adds.
    pub fn note_document(&mut self, document_id: Uuid, code: &str) {
        let n = Some(self.next_change());
        self.parts.add_document(DocumentChange {
            n,
            document_id,
            code: code.to_owned(),
        });
    }

    /// The number of the change that the next write adds.
    fn next_change(&self) -> u64 {
        self.changes() + 1
    }

    /// The write that shows a refused document on the case. It is no change, so that nothing goes upstream.
    pub fn refuse(&mut self, env: &Env, document: RefusedDocument, now: Timestamp) -> Result<Write> {
        self.parts.remove_announced(document.document_id);
        self.refused.add(document);
        self.renew(env, now)
    }

    /// The write of the case, which lives on from now.
    fn renew(&mut self, env: &Env, now: Timestamp) -> Result<Write> {
        self.ttl = Some(env.retention()?.case(now));
        self.replace(env.table()?, now)
    }

    /// The write that counts an announced document. It is no change either.
    pub fn announce(&mut self, rows: Table<'_>, document_id: Uuid, code: &str, now: Timestamp) -> Result<Write> {
        self.announced += 1;
        self.parts.add_document(DocumentChange {
            n: None,
            document_id,
            code: code.to_owned(),
        });
        self.replace(rows, now)
    }

    /// The writes that add a change to the case as it was read.
    pub fn change(
        &mut self,
        env: &Env,
        kind: ChangeKind,
        body: String,
        correlation: CorrelationId,
        now: Timestamp,
    ) -> Result<Vec<Write>> {
        let case = self.renew(env, now)?;
        let change = ChangeRow {
            sequence: self.sequence,
            n: self.changes(),
            kind,
            body,
            correlation_id: correlation,
            at: now,
            ttl: Some(env.retention()?.change(now)),
        };
        let key = ChangeRow::key(env.table()?, self.sequence, change.n);
        Ok(vec![case, Write::put(key, &change, When::Absent)?])
    }
}
