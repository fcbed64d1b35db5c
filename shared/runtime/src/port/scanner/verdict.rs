//! The port.

use futures_util::future::BoxFuture;
use model::Result;

/// What is known about a stored document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanVerdict {
    Clean,
    Infected,
    /// No verdict yet, or the scanner could not scan it. It may have one when asked again.
    Unscanned,
}

pub trait Scanner: Send + Sync {
    /// The verdict on a file that is there.
    fn verdict<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<ScanVerdict>>;
}
