//! The worker of a domain: a scheduled run goes on where the last one stopped.

use std::collections::HashSet;
use std::time::Duration;

use model::id::ErasureId;
use model::{Error, Kind, Result};
use tokio::time::Instant;

use super::log;
use super::register::{DomainRegister, ErasureRow, RunRow, RunStage};
use super::responses::{self, ResponsePart};
use super::search::{ErasureMatch, SubjectSearch};
use crate::port::eraser::Eraser;
use crate::port::store::{Item, Key};
use crate::trigger::cx::Cx;
use crate::trigger::domain::Domain;
use crate::work::row::{Revised, Row, Table};

/// The timeout of the functions that erase: a scan of a whole table takes minutes.
pub const ERASE_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// Longer than a run.
const RUN_LEASE: Duration = ERASE_TIMEOUT.saturating_add(Duration::from_secs(60));
/// With less time than this the run leaves the next page to the next run.
const TIME_FOR_PAGE: Duration = Duration::from_secs(60);

/// A domain that has personal data.
pub trait ErasableRows: Domain {
    /// The table with all of it.
    fn erasable(&self) -> Result<Table<'_>>;

    /// The bucket of its files, if it has one.
    fn erasable_files(&self) -> Result<Option<&str>>;

    /// Whether calls to this partner are the domain's.
    fn calls(partner: &str) -> bool;

    /// The subjects to which a row leads, with all rows that are known to be theirs. A row that is no subject's leads to none.
    fn matches(&self, search: &SubjectSearch, row: Item) -> impl Future<Output = Result<Vec<ErasureMatch>>> + Send;

    /// The erasure to which a part of a stored response leads, e-mail addresses aside.
    fn leads_to(search: &SubjectSearch, part: ResponsePart<'_>) -> Option<ErasureId> {
        match part {
            ResponsePart::Body(text) => search.subject(text),
            ResponsePart::Location(path) => path.split('/').find_map(|segment| search.subject(segment)),
        }
    }
}

/// One run: what is due is searched for in one scan, and as much of it as the time allows.
pub async fn erase<E: ErasableRows>(cx: Cx<E>) -> Result<()> {
    let common = cx.env.common();
    let register = DomainRegister {
        rows: common.table("ERASURES_TABLE")?,
        eraser: common.ports.eraser.as_ref(),
        domain: E::NAME,
    };
    let open = register.open().await?;
    if open.is_empty() {
        return Ok(());
    }
    for row in &open {
        // A run that crashed may have left the entry of one that is done.
        register.close(row).await?;
    }
    let run = RunRow::load(register.rows, E::NAME).await?;
    let mut run = run.unwrap_or_else(|| RunRow::first(E::NAME));
    if run.lease.is_held(cx.now()) {
        return Ok(());
    }
    if run.erasures.is_empty() {
        run.erasures = register.due(&open, cx.now());
    }
    if run.erasures.is_empty() {
        return Ok(());
    }
    run.lease.take(cx.now(), RUN_LEASE);
    if !run.save(register.rows, cx.now()).await? {
        // Another run has taken the lease.
        return Ok(());
    }
    let mut worker = Worker::new(&cx, register, run, &open).await?;
    let result = worker.work().await;
    worker.run.lease.release();
    worker.save().await?;
    result
}

struct Worker<'a, E: ErasableRows> {
    cx: &'a Cx<E>,
    register: DomainRegister<'a>,
    run: RunRow,
    search: SubjectSearch,
    /// Rows of the page that were deleted with an earlier row of it.
    deleted: HashSet<Key>,
}

impl<'a, E: ErasableRows> Worker<'a, E> {
    async fn new(cx: &'a Cx<E>, register: DomainRegister<'a>, run: RunRow, open: &[ErasureRow]) -> Result<Self> {
        let of_run = open
            .iter()
            .filter(|row| run.erasures.iter().any(|each| each.id == row.id));
        let mut search = SubjectSearch::new(cx.env.redactor(), &of_run.cloned().collect::<Vec<_>>());
        for each in &run.erasures {
            search.learn(each.id, &register.found(each.id).await?);
        }
        Ok(Self {
            cx,
            register,
            run,
            search,
            deleted: HashSet::new(),
        })
    }

    async fn work(&mut self) -> Result<()> {
        if self.run.stage == RunStage::Rows {
            if !self.scan(self.cx.env.erasable()?.name).await? {
                return Ok(());
            }
            self.files_again().await?;
            self.enter(RunStage::Responses).await?;
        }
        let common = self.cx.env.common();
        if self.run.stage == RunStage::Responses {
            if !self.scan(common.table("IDEMPOTENCY_TABLE")?.name).await? {
                return Ok(());
            }
            self.enter(RunStage::Log).await?;
        }
        if !self.scan(common.table("INTEGRATION_LOG_TABLE")?.name).await? {
            return Ok(());
        }
        let unreadable = std::mem::take(&mut self.run.unreadable);
        if unreadable > 0 {
            self.run.erasures.clear();
            self.enter(RunStage::Rows).await?;
            let why = format!("{unreadable} rows cannot be read, so that no erasure is done");
            return Err(Error::new(Kind::Internal, why));
        }
        for ended in self.run.erasures.clone() {
            self.register.finish(ended, self.cx.clock).await?;
        }
        tracing::info!(
            erasures = self.run.erasures.len(),
            "a pass over what is to be erased has ended"
        );
        self.run.erasures.clear();
        self.enter(RunStage::Rows).await
    }

    /// Reads the rest of a table for the stage of the run. False if the time ended first.
    async fn scan(&mut self, table: &str) -> Result<bool> {
        loop {
            if !self.has_time() {
                return Ok(false);
            }
            let page = self.eraser().scan(table, self.run.position(table).as_ref()).await?;
            self.deleted.clear();
            for row in page.rows {
                if !self.deleted.contains(&Key::of(table, &row)) {
                    self.look_at(table, row).await?;
                }
            }
            let Some(next) = page.next else { return Ok(true) };
            self.run.reached(Some(next));
            self.save().await?;
        }
    }

    async fn look_at(&mut self, table: &str, row: Item) -> Result<()> {
        match self.run.stage {
            RunStage::Rows => {
                let key = Key::of(table, &row);
                let found = match self.cx.env.matches(&self.search, row).await {
                    Ok(found) => found,
                    // The others are erased all the same.
                    Err(error) if error.kind == Kind::Internal => {
                        tracing::error!(sk = key.sk, %error, "a row cannot be read, and may be of a person who is to be erased");
                        self.run.unreadable += 1;
                        return Ok(());
                    }
                    Err(error) => return Err(error),
                };
                for found in found {
                    self.delete(found).await?;
                }
                Ok(())
            }
            RunStage::Responses => {
                let (store, clock) = (self.cx.env.store().as_ref(), self.cx.clock);
                let leads: responses::Leads = E::leads_to;
                let how = (&self.search, E::FAMILY, leads);
                responses::replace(store, table, row, how, (&mut self.run, clock)).await
            }
            RunStage::Log => log::erase(self.eraser(), table, row, (&self.search, E::calls), &mut self.run).await,
        }
    }

    fn ids(&self) -> Vec<ErasureId> {
        self.run.erasures.iter().map(|each| each.id).collect()
    }

    fn eraser(&self) -> &'a dyn Eraser {
        self.register.eraser
    }

    fn has_time(&self) -> bool {
        self.cx.deadline.saturating_duration_since(Instant::now()) >= TIME_FOR_PAGE
    }

    async fn enter(&mut self, stage: RunStage) -> Result<()> {
        self.run.stage = stage;
        self.run.reached(None);
        self.save().await
    }

    /// A refused write means that the run has lost its lease, and another one goes on.
    async fn save(&mut self) -> Result<()> {
        match self.run.save(self.register.rows, self.cx.now()).await? {
            true => Ok(()),
            false => Err(Error::new(Kind::Unavailable, "another run has taken an erasure over")),
        }
    }

    /// Notes the ids first: after a crash they lead to what is left.
    async fn delete(&mut self, matched: ErasureMatch) -> Result<()> {
        let ErasureMatch { erasure, found, rows } = matched;
        if !found.is_empty() {
            self.register.keep(erasure, &found, self.cx.now()).await?;
            self.search.learn(erasure, &found);
        }
        let prefixes: Vec<&str> = found.iter().filter_map(|found| found.files.as_deref()).collect();
        let files = self.delete_files(&prefixes).await?;
        let mut deleted = 0;
        for key in rows {
            deleted += u64::from(self.eraser().delete(&key).await?);
            self.deleted.insert(key);
        }
        if let Some(counts) = self.run.of(erasure) {
            counts.rows += deleted;
            counts.files += files;
        }
        Ok(())
    }

    async fn delete_files(&self, prefixes: &[&str]) -> Result<u64> {
        let Some(bucket) = self.cx.env.erasable_files()? else {
            return Ok(0);
        };
        let mut deleted = 0;
        for prefix in prefixes {
            deleted += self.eraser().delete_files(bucket, prefix).await?;
        }
        Ok(deleted)
    }

    /// A file may have arrived after its row was deleted.
    async fn files_again(&mut self) -> Result<()> {
        for id in self.ids() {
            let found = self.register.found(id).await?;
            let prefixes: Vec<&str> = found.iter().filter_map(|found| found.files.as_deref()).collect();
            let files = self.delete_files(&prefixes).await?;
            if let Some(counts) = self.run.of(id) {
                counts.files += files;
            }
        }
        Ok(())
    }
}
