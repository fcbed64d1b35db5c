//! The scanner's verdict on a proposal's documents. None of them goes to a funder before the scanner finds all of them clean.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use model::{Error, Kind, Result};
use runtime::port::scanner::ScanVerdict;

use super::documents::StoredProposalDocument;
use crate::Env;

/// A scanner that takes longer has no verdict yet.
const SCAN_TIMEOUT: Duration = Duration::from_secs(10);
/// The scanner is asked for this long after the proposal began to wait; then the proposal is held.
const SCAN_WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// The pauses between two questions grow from the first to the second, in seconds.
const MIN_PAUSE: i64 = 5;
const MAX_PAUSE: i64 = 60;

/// Why a held proposal is in the dead-letter queue.
pub const HELD: &str = "documents not scanned for 15 minutes";

/// What a worker may do with a proposal.
pub enum ProposalClearance<'a> {
    Clean,
    Infected(Vec<&'a StoredProposalDocument>),
    /// A document has no verdict, and none is infected as far as is known.
    Unscanned,
}

impl<'a> ProposalClearance<'a> {
    /// Asks for the verdicts on all documents at once.
    pub async fn of(env: &Env, documents: &'a [StoredProposalDocument]) -> Result<Self> {
        if documents.is_empty() {
            return Ok(Self::Clean);
        }
        let bucket = env.bucket()?;
        let verdicts = join_all(documents.iter().map(|document| verdict(env, bucket, document))).await;
        let of = |wanted| {
            documents
                .iter()
                .zip(&verdicts)
                .filter(move |(_, verdict)| **verdict == wanted)
        };
        let infected: Vec<_> = of(ScanVerdict::Infected).map(|(document, _)| document).collect();
        if !infected.is_empty() {
            return Ok(Self::Infected(infected));
        }
        Ok(match of(ScanVerdict::Unscanned).next() {
            Some(_) => Self::Unscanned,
            None => Self::Clean,
        })
    }
}

/// A scanner that fails has no verdict.
async fn verdict(env: &Env, bucket: &str, document: &StoredProposalDocument) -> ScanVerdict {
    let late = |_| Err(Error::new(Kind::Unavailable, "the scanner did not answer in time"));
    let asked = tokio::time::timeout(SCAN_TIMEOUT, env.scanner().verdict(bucket, &document.key)).await;
    let verdict = asked.unwrap_or_else(late);
    verdict.unwrap_or_else(|error| {
        tracing::error!(
            cause = error.chain(),
            document = document.key,
            "a document has no verdict"
        );
        ScanVerdict::Unscanned
    })
}

/// The pause before the scanner is asked again about a proposal that waits since then. None once it has waited too long.
pub fn pause(since: Timestamp, now: Timestamp) -> Option<Duration> {
    let age = now.duration_since(since);
    let left = SCAN_WINDOW.saturating_sub(age);
    if left <= SignedDuration::ZERO {
        return None;
    }
    let pause = SignedDuration::from_secs((age.as_secs() / 2).clamp(MIN_PAUSE, MAX_PAUSE));
    // SQS waits for whole seconds.
    Duration::try_from(pause.min(left))
        .ok()
        .map(|pause| Duration::from_secs(pause.as_secs().max(1)))
}

/// Why a proposal with these documents has failed. Only its caller sees their types.
pub fn refusal(infected: &[&StoredProposalDocument]) -> Error {
    let error = Error::new(Kind::DocumentRefused, "A scanner found malware in a document.");
    infected.iter().fold(error, |error, document| {
        let path = format!("additionalDocuments.{}", document.kind);
        error.field(path, "has malware")
    })
}

/// Deletes what must not lie around. The bucket deletes what is left.
pub async fn delete(env: &Env, infected: &[&StoredProposalDocument]) -> Result<()> {
    let bucket = env.bucket()?;
    let deleted = join_all(
        infected
            .iter()
            .map(|document| env.blobs().delete(bucket, &document.key)),
    )
    .await;
    for error in deleted.into_iter().filter_map(Result::err) {
        tracing::warn!(cause = error.chain(), "an infected document could not be deleted");
    }
    Ok(())
}
