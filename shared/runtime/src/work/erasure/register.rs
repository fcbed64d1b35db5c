//! The register: one row for each erasure, an entry for each domain that still has work, the run of each domain, and the ids
//! that were found.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use model::id::ErasureId;
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::found::FoundSubject;
use super::subject::ErasureSubject;
use crate::port::clock::Clock;
use crate::port::eraser::Eraser;
use crate::port::store::{Key, Query, When, Write, item, typed};
use crate::work::lease::Lease;
use crate::work::row::{Revised, Row, Table, Version};

/// The partition of the erasures.
const REGISTER: &str = "ERASURES";
/// Longer than a worker runs, a lease lasts, and an upload or a retry goes on. What was in flight at the first pass has ended.
pub(super) const SECOND_PASS_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// A run names its erasures in one row, which has at most 400 KB.
const MAX_OF_RUN: usize = 500;
/// Found ids are kept as long as a backup can bring their rows back, and a day more. In seconds.
const FOUND_RETENTION: i64 = 36 * 24 * 60 * 60;
/// Rows in one read.
const BATCH: u16 = 200;

/// `OPEN` until everything found is deleted, `REPEAT` until a second pass half an hour later, then `DONE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ErasureState {
    /// The first pass has not ended.
    #[default]
    Open,
    /// Everything that was found is deleted. A second pass follows half an hour after the first.
    Repeat,
    Done,
}

/// An erasure in one domain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainErasure {
    pub state: ErasureState,
    /// 1, and one more each time that it is reopened after a restore.
    pub round: u32,
    /// Deleted rows of the domain's table. This and the next three are at least so many: a crash may lose some of the count.
    pub rows: u64,
    /// Deleted versions of files.
    pub files: u64,
    /// Deleted rows of the log of partner calls.
    pub log_rows: u64,
    /// Stored responses of idempotency keys that were replaced.
    pub responses: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_pass_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErasureRow {
    pub id: ErasureId,
    pub subject: ErasureSubject,
    /// The `sub` of an admin, or an operator's ARN.
    pub requested_by: String,
    /// The time of the request. Data made later stays.
    pub requested_at: Timestamp,
    pub domains: BTreeMap<String, DomainErasure>,
    #[serde(flatten)]
    version: Version,
}

impl Row for ErasureRow {
    type Id = ErasureId;

    fn key(table: Table<'_>, id: &ErasureId) -> Key {
        table.key(REGISTER, &id.to_string())
    }

    fn id(&self) -> &ErasureId {
        &self.id
    }
}

impl Revised for ErasureRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl ErasureRow {
    pub fn new(id: ErasureId, subject: ErasureSubject, requested_by: &str, now: Timestamp) -> Self {
        let first = DomainErasure {
            round: 1,
            ..DomainErasure::default()
        };
        let domains = subject.domains().iter();
        Self {
            id,
            domains: domains.map(|domain| ((*domain).to_owned(), first.clone())).collect(),
            subject,
            requested_by: requested_by.to_owned(),
            requested_at: now,
            version: Version::first(now),
        }
    }

    /// The writes that make every domain begin.
    pub fn begin(&self, rows: Table<'_>) -> Result<Vec<Write>> {
        let mut writes = vec![self.create(rows)?];
        for domain in self.domains.keys() {
            let key = open_key(rows, domain, self.id);
            writes.push(Write::put(key, &BTreeMap::<String, String>::new(), When::Absent)?);
        }
        Ok(writes)
    }

    fn domain(&self, domain: &str) -> Option<&DomainErasure> {
        self.domains.get(domain)
    }

    /// Whether a pass of this domain is due.
    fn is_due(&self, domain: &str, now: Timestamp) -> bool {
        let Some(of_domain) = self.domain(domain) else {
            return false;
        };
        let second = of_domain
            .first_pass_at
            .and_then(|at| at.checked_add(SECOND_PASS_AFTER).ok());
        match of_domain.state {
            ErasureState::Open => true,
            ErasureState::Repeat => second.is_none_or(|second| second <= now),
            ErasureState::Done => false,
        }
    }
}

fn open_key(rows: Table<'_>, domain: &str, id: ErasureId) -> Key {
    rows.key(format!("OPEN#{domain}"), &id.to_string())
}

/// What one run of a domain works on: one scan for all erasures that were due when it began.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunRow {
    pub domain: String,
    pub stage: RunStage,
    /// The last row that was read in this stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<ScanPosition>,
    pub erasures: Vec<RunErasure>,
    /// Rows of this pass that could not be read, so that it does not count.
    #[serde(default)]
    pub unreadable: u64,
    #[serde(flatten)]
    pub lease: Lease,
    #[serde(flatten)]
    version: Version,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum RunStage {
    #[default]
    Rows,
    Responses,
    Log,
}

#[derive(Clone, Serialize, Deserialize)]
struct ScanPosition {
    pk: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sk: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunErasure {
    pub id: ErasureId,
    round: u32,
    /// The state in which the pass found it.
    pass: ErasureState,
    pub rows: u64,
    pub files: u64,
    pub log_rows: u64,
    pub responses: u64,
}

impl Row for RunRow {
    type Id = str;

    fn key(table: Table<'_>, domain: &str) -> Key {
        table.key(format!("RUN#{domain}"), "RUN")
    }

    fn id(&self) -> &str {
        &self.domain
    }
}

impl Revised for RunRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl RunRow {
    /// Of a domain that has made none yet.
    pub fn first(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            ..Self::default()
        }
    }

    pub fn position(&self, table: &str) -> Option<Key> {
        let position = self.position.as_ref()?;
        Some(Key::new(table, &position.pk, position.sk.as_deref()))
    }

    pub fn reached(&mut self, next: Option<Key>) {
        self.position = next.map(|Key { pk, sk, .. }| ScanPosition { pk, sk });
    }

    pub fn of(&mut self, id: ErasureId) -> Option<&mut RunErasure> {
        self.erasures.iter_mut().find(|each| each.id == id)
    }
}

#[derive(Serialize, Deserialize)]
struct FoundRow {
    #[serde(flatten)]
    found: FoundSubject,
    ttl: i64,
}

/// The register as the worker of one domain uses it.
#[derive(Clone, Copy)]
pub(super) struct DomainRegister<'a> {
    pub rows: Table<'a>,
    pub eraser: &'a dyn Eraser,
    pub domain: &'static str,
}

impl DomainRegister<'_> {
    /// The erasures that have work in this domain.
    pub async fn open(self) -> Result<Vec<ErasureRow>> {
        let (mut open, mut last) = (Vec::new(), None);
        loop {
            let query = Query::new(self.rows.name, format!("OPEN#{}", self.domain), BATCH);
            let entries = self
                .rows
                .store
                .query(&query.oldest_first().consistent().after(last))
                .await?;
            let ended = entries.len() < usize::from(BATCH);
            for entry in &entries {
                let id = Key::of(self.rows.name, entry).sk.and_then(|id| id.parse().ok());
                let id = id.ok_or_else(|| Error::new(Kind::Internal, "an open erasure has no id"))?;
                open.extend(ErasureRow::load(self.rows, &id).await?);
            }
            last = entries.into_iter().last();
            if ended {
                return Ok(open);
            }
        }
    }

    /// Those of them whose next pass is due, as a run works on them.
    pub fn due(self, open: &[ErasureRow], now: Timestamp) -> Vec<RunErasure> {
        let due = open.iter().filter(|row| row.is_due(self.domain, now)).take(MAX_OF_RUN);
        let of_domain = due.filter_map(|row| Some((row.id, row.domain(self.domain)?)));
        let begun = of_domain.map(|(id, of_domain)| RunErasure {
            id,
            round: of_domain.round,
            pass: of_domain.state,
            rows: 0,
            files: 0,
            log_rows: 0,
            responses: 0,
        });
        begun.collect()
    }

    pub async fn found(self, id: ErasureId) -> Result<Vec<FoundSubject>> {
        let (mut all, mut last) = (Vec::new(), None);
        loop {
            let query = Query::new(self.rows.name, self.found_partition(id), BATCH);
            let found = self
                .rows
                .store
                .query(&query.oldest_first().consistent().after(last))
                .await?;
            let ended = found.len() < usize::from(BATCH);
            last = found.last().cloned();
            for row in found {
                all.push(typed::<FoundRow>(row)?.found);
            }
            if ended {
                return Ok(all);
            }
        }
    }

    /// Keeps what was found, before anything of it is deleted.
    pub async fn keep(self, id: ErasureId, found: &[FoundSubject], now: Timestamp) -> Result<()> {
        let (pk, ttl) = (
            self.found_partition(id),
            now.as_second().saturating_add(FOUND_RETENTION),
        );
        let mut rows = BTreeMap::new();
        for found in found {
            let key = self.rows.key(&pk, &found.sort_key());
            let mut row = item(&FoundRow {
                found: found.clone(),
                ttl,
            })?;
            row.extend(key.item());
            rows.insert(key, row);
        }
        self.rows.append(rows.into_values().collect()).await
    }

    fn found_partition(self, id: ErasureId) -> String {
        format!("FOUND#{id}#{}", self.domain)
    }

    /// Records that a pass has ended, once. An erasure that was reopened meanwhile begins again.
    pub async fn finish(self, ended: RunErasure, clock: Clock) -> Result<()> {
        let Some(mut row) = ErasureRow::load(self.rows, &ended.id).await? else {
            return Ok(());
        };
        let now = clock.now();
        let advance = |row: &mut ErasureRow| {
            let of_domain = row.domains.get_mut(self.domain);
            let same = |of_domain: &&mut DomainErasure| (of_domain.round, of_domain.state) == (ended.round, ended.pass);
            let Some(of_domain) = of_domain.filter(same) else {
                return false;
            };
            of_domain.rows += ended.rows;
            of_domain.files += ended.files;
            of_domain.log_rows += ended.log_rows;
            of_domain.responses += ended.responses;
            match of_domain.state {
                ErasureState::Open => {
                    of_domain.state = ErasureState::Repeat;
                    of_domain.first_pass_at = Some(now);
                }
                ErasureState::Repeat | ErasureState::Done => {
                    of_domain.state = ErasureState::Done;
                    of_domain.done_at = Some(now);
                }
            }
            true
        };
        let _ = row.update(self.rows, clock, advance).await?;
        self.close(&row).await
    }

    /// Deletes the entry of an erasure that is done.
    pub async fn close(self, row: &ErasureRow) -> Result<()> {
        let is_done = row
            .domain(self.domain)
            .is_none_or(|of_domain| of_domain.state == ErasureState::Done);
        match is_done {
            true => self
                .eraser
                .delete(&open_key(self.rows, self.domain, row.id))
                .await
                .map(drop),
            false => Ok(()),
        }
    }
}
