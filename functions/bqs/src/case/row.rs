//! A case as it is kept, and its changes in their order, as they are sent on.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use model::id::CorrelationId;
use model::{Error, Kind, Result};
use runtime::store::{Key, When, Write};
use serde::{Deserialize, Serialize};

use crate::Env;
use crate::channel::Caller;
use crate::json::Document;

/// The largest document, in bytes: the row around it has to fit into DynamoDB's 400 KB.
pub const LARGEST: usize = 256 * 1024;
/// A scoring or consent that nobody has ended counts as running for so long.
const RUNS_FOR: SignedDuration = SignedDuration::from_mins(15);
/// As many may run for one case at once.
const MOST_RUNNING: usize = 50;

/// A case's number: increasing, given once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl Sequence {
    /// One that nobody has. Some are never used: those of creations that failed.
    pub async fn next(env: &Env) -> Result<Self> {
        let counter = Key::new(env.table()?, "COUNTER", Some("CASE"));
        env.common.ports.store.count(&counter, None).await.map(Self)
    }

    /// As it stands in a path.
    pub fn parse(text: Option<&String>) -> Result<Self> {
        let digits = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
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

/// What a channel can have done about a customer, once at a time.
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

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseRow {
    pub sequence: Sequence,
    /// Who created it. Never changes.
    pub channel: String,
    pub dealer: i64,
    /// JSON text: its amounts are decimals, which a stored number would not keep apart from floats.
    document: String,
    /// How many changes there are, which are numbered from 1. Nothing else is written to a case, so that this is also what
    /// every write names that replaces another.
    pub changes: u64,
    /// What was started for which organisation, and when.
    running: BTreeMap<String, Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One accepted change. These rows are never written twice.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeRow {
    pub sequence: Sequence,
    pub n: u64,
    pub kind: ChangeKind,
    /// What was asked for, as JSON text in its canonical form.
    pub body: String,
    pub correlation_id: CorrelationId,
    pub at: Timestamp,
}

impl ChangeRow {
    pub fn key(env: &Env, sequence: Sequence, n: u64) -> Result<Key> {
        Ok(Key::new(
            env.table()?,
            format!("CASE#{sequence}"),
            Some(&format!("CHANGE#{n:06}")),
        ))
    }

    pub async fn load(env: &Env, sequence: Sequence, n: u64) -> Result<Option<Self>> {
        env.read(&Self::key(env, sequence, n)?).await
    }
}

impl CaseRow {
    pub fn new(sequence: Sequence, channel: &str, document: &Document, now: Timestamp) -> Result<Self> {
        let mut row = Self {
            sequence,
            channel: channel.to_owned(),
            dealer: 0,
            document: String::new(),
            changes: 0,
            running: BTreeMap::new(),
            created_at: now,
            updated_at: now,
        };
        row.set_document(document)?;
        Ok(row)
    }

    pub fn key(env: &Env, sequence: Sequence) -> Result<Key> {
        Ok(Key::new(env.table()?, format!("CASE#{sequence}"), Some("CASE")))
    }

    pub async fn load(env: &Env, sequence: Sequence) -> Result<Option<Self>> {
        env.read(&Self::key(env, sequence)?).await
    }

    /// The caller's own case. That somebody else has one is only told to who handles its dealer.
    pub async fn of(env: &Env, caller: &Caller, sequence: Sequence) -> Result<Self> {
        let row = Self::load(env, sequence).await?.ok_or_else(Error::not_found)?;
        if row.channel == caller.channel {
            return Ok(row);
        }
        Err(if caller.handles(row.dealer) {
            Error::new(Kind::Forbidden, "The case belongs to another channel.")
        } else {
            Error::not_found()
        })
    }

    pub fn document(&self) -> Result<Document> {
        Document::stored(&self.document)
    }

    pub fn set_document(&mut self, document: &Document) -> Result<()> {
        self.dealer = document
            .integer(&["dealer"])
            .ok_or_else(|| Error::new(Kind::Internal, "a case has no dealer"))?;
        self.document = document.render()?;
        if self.document.len() <= LARGEST {
            return Ok(());
        }
        Err(Error::new(
            Kind::TooLarge,
            format!("A case must be at most {LARGEST} bytes."),
        ))
    }

    /// Marks it as running, unless it is: then nothing is to be done.
    pub fn start(&mut self, run: Run, organisation: &str, now: Timestamp) -> Result<bool> {
        self.running.retain(|_, began| now.duration_since(*began) < RUNS_FOR);
        let name = match run {
            Run::Score => format!("score#{organisation}"),
            Run::Consent => format!("consent#{organisation}"),
        };
        if self.running.contains_key(&name) {
            return Ok(false);
        }
        if self.running.len() >= MOST_RUNNING {
            let wait = std::time::Duration::from_secs(60);
            return Err(Error::new(Kind::TooMany, "Too much is running for this case.").retry_after(Some(wait)));
        }
        self.running.insert(name, now);
        Ok(true)
    }

    /// The writes that make this one more change of the case: on an absent row the first, else on what was read, and only
    /// while it is this channel's.
    pub fn change(
        &mut self,
        env: &Env,
        kind: ChangeKind,
        body: String,
        correlation: CorrelationId,
        now: Timestamp,
    ) -> Result<Vec<Write>> {
        let unchanged = if self.changes == 0 {
            When::Absent
        } else {
            When::All(vec![
                When::number("changes", i64::try_from(self.changes).unwrap_or(i64::MAX)),
                When::text("channel", &self.channel),
            ])
        };
        self.changes += 1;
        self.updated_at = now;
        let change = ChangeRow {
            sequence: self.sequence,
            n: self.changes,
            kind,
            body,
            correlation_id: correlation,
            at: now,
        };
        let change_key = ChangeRow::key(env, self.sequence, self.changes)?;
        Ok(vec![
            Write::put(Self::key(env, self.sequence)?, self, unchanged)?,
            Write::put(change_key, &change, When::Absent)?,
        ])
    }
}
