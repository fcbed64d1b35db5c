//! The scanner's verdict on the document of a change. Nothing of a document goes upstream before the scanner finds it clean.
//!
//! A refused document's change stays in its place and is never sent. The changes behind a document wait for its verdict, since
//! upstream gets a case's changes in order and may score it by the document.

use std::time::Duration;

use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::port::scanner::ScanVerdict;
use tokio::time::{Instant, timeout_at};

use super::row::{ForwardRow, raise_alarm};
use super::wake::ForwarderWake;
use crate::Env;
use crate::case::refused::DocumentRefusal;
use crate::case::row::{ChangeKind, ChangeRow};
use crate::document::StoredDocument;
use crate::document::refusal::show_change;

/// The time for recording a verdict, or its absence.
const MIN_TIME_LEFT: Duration = Duration::from_secs(5);

/// What the worker may do with the change of a document.
pub enum Clearance {
    Clean,
    Infected,
    /// The reason is for the operator.
    Unscanned(String),
}

/// Asks the scanner.
pub async fn ask(cx: &Cx<Env>, document: &StoredDocument) -> Result<Clearance> {
    let verdict = cx.env.scanner().verdict(cx.env.bucket()?, &document.key);
    let until = cx.deadline.checked_sub(MIN_TIME_LEFT).unwrap_or_else(Instant::now);
    let late = |_| Err(Error::new(Kind::Unavailable, "The scanner did not answer in time."));
    Ok(match timeout_at(until, verdict).await.unwrap_or_else(late) {
        Ok(ScanVerdict::Clean) => Clearance::Clean,
        Ok(ScanVerdict::Infected) => Clearance::Infected,
        Ok(ScanVerdict::Unscanned) => Clearance::Unscanned("The scanner has no verdict on the document.".to_owned()),
        Err(error) => {
            tracing::warn!(cause = error.chain(), "a document could not be scanned");
            Clearance::Unscanned(error.message)
        }
    })
}

/// Schedules the next question and holds the change if it is late.
pub async fn wait(cx: &Cx<Env>, row: &mut ForwardRow, n: u64, reason: String) -> Result<()> {
    let was_held = row.held.is_some();
    // The message goes first: a crash between the two must not leave a wait without a message.
    if let Some(wait) = row.await_verdict(n, reason, cx.now()) {
        ForwarderWake::of(row.sequence).send_late(&cx.env, wait).await?;
    }
    let written = cx.env.table()?.write(vec![row.renew(&cx.env, cx.now())?]).await?;
    if written && !was_held && row.held.is_some() {
        raise_alarm();
    }
    Ok(())
}

/// Refuses an infected document, shows it on its case and writes the progress, all at once. False if another request wrote one
/// of the rows first. A worker then tries again.
pub async fn refuse(cx: &Cx<Env>, row: &mut ForwardRow, change: &ChangeRow) -> Result<bool> {
    row.refuse(change.n, cx.now());
    let writes = vec![
        show_change(cx, change, DocumentRefusal::Infected).await?,
        row.renew(&cx.env, cx.now())?,
    ];
    let done = cx.env.table()?.write(writes).await?;
    if !done {
        ForwarderWake::of(row.sequence)
            .send_late(&cx.env, Duration::ZERO)
            .await?;
    }
    Ok(done)
}

/// Where there is no upstream: asks for the verdicts on the documents of a case, so that the case shows what is infected.
pub async fn scan_all(cx: &Cx<Env>, row: &mut ForwardRow) -> Result<()> {
    let (env, table, begun) = (&cx.env, cx.env.table()?, row.scanned_through);
    while let Some(change) = ChangeRow::load(table, row.sequence, row.scanned_through + 1).await? {
        if cx.deadline.saturating_duration_since(Instant::now()) < 2 * MIN_TIME_LEFT {
            ForwarderWake::of(row.sequence).send_late(env, Duration::ZERO).await?;
            break;
        }
        let clearance = match unsettled(cx, row, &change).await? {
            Some(document) => ask(cx, &document).await?,
            None => Clearance::Clean,
        };
        match clearance {
            Clearance::Clean => row.clear(cx.now()),
            Clearance::Infected => {
                row.scanned_through = change.n;
                if !refuse(cx, row, &change).await? {
                    return Ok(());
                }
            }
            Clearance::Unscanned(reason) => return wait(cx, row, change.n, reason).await,
        }
        row.scanned_through = change.n;
    }
    if row.scanned_through == begun {
        return Ok(());
    }
    // If another worker wrote the row first, it has asked too.
    table.write(vec![row.renew(env, cx.now())?]).await.map(drop)
}

/// The document of a change, if it needs a verdict. The bucket deletes files, and a deleted one harms no reader.
async fn unsettled(cx: &Cx<Env>, row: &ForwardRow, change: &ChangeRow) -> Result<Option<StoredDocument>> {
    if change.kind != ChangeKind::Document || row.refused.contains(&change.n) {
        return Ok(None);
    }
    let document = StoredDocument::read(&change.body)?;
    let file = cx.env.blobs().get(cx.env.bucket()?, &document.key, 0).await?;
    Ok(file.map(|_| document))
}
