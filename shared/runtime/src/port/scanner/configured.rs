//! The scanner that the setting DOCUMENT_SCANNER names.

use std::sync::Arc;

use aws_sdk_s3::Client;
use futures_util::future::BoxFuture;
use model::{Error, Kind, Result};

use super::clamd::{Clamd, MAX_BYTES};
use super::guardduty::GuardDuty;
use super::verdict::{ScanVerdict, Scanner};
use crate::port::blob::Blobs;
use crate::port::config::Config;

/// The only stage whose documents may go on unscanned.
const LOCAL: &str = "local";

pub struct ConfiguredScanner {
    config: Config,
    files: Arc<dyn Blobs>,
    guard_duty: GuardDuty,
}

impl ConfiguredScanner {
    /// `files` reads the documents that a scanner does not read itself.
    pub fn new(config: Config, files: Arc<dyn Blobs>, client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self {
            config,
            files,
            guard_duty: GuardDuty::new(client),
        }
    }

    async fn scan(&self, bucket: &str, key: &str) -> Result<ScanVerdict> {
        match self.config.need("DOCUMENT_SCANNER")? {
            "guardduty" => self.guard_duty.verdict(bucket, key).await,
            "clamd" => self.by_clamd(bucket, key).await,
            "none" if self.config.get("STAGE") == Some(LOCAL) => Ok(ScanVerdict::Clean),
            "none" => Err(Error::misconfigured(
                "DOCUMENT_SCANNER may be `none` in the stage local only",
            )),
            other => Err(Error::misconfigured(format!(
                "DOCUMENT_SCANNER is `{other}`, and no scanner has that name"
            ))),
        }
    }

    async fn by_clamd(&self, bucket: &str, key: &str) -> Result<ScanVerdict> {
        let clamd = Clamd::new(self.config.need("CLAMD_ADDRESS")?);
        let bytes = self.files.get(bucket, key, MAX_BYTES).await?;
        let bytes = bytes.ok_or_else(|| Error::new(Kind::Unavailable, "a document to scan is not there"))?;
        if u64::try_from(bytes.len()).is_ok_and(|size| size <= MAX_BYTES) {
            return Ok(clamd.verdict(&bytes).await);
        }
        tracing::warn!("a document is larger than clamd takes");
        Ok(ScanVerdict::Unscanned)
    }
}

impl Scanner for ConfiguredScanner {
    fn verdict<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<ScanVerdict>> {
        Box::pin(self.scan(bucket, key))
    }
}
