//! GuardDuty Malware Protection for S3, which scans each new object and writes its result into a tag of the object.

use std::sync::LazyLock;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use model::{Error, Kind, Result};

use super::verdict::ScanVerdict;

const TAG: &str = "GuardDutyMalwareScanStatus";

pub struct GuardDuty {
    client: LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>,
}

impl GuardDuty {
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self {
            client: LazyLock::new(Box::new(client)),
        }
    }

    pub async fn verdict(&self, bucket: &str, key: &str) -> Result<ScanVerdict> {
        let tags = self.client.get_object_tagging().bucket(bucket).key(key).send().await;
        let tags = tags.map_err(|error| {
            Error::new(Kind::Unavailable, "a document's tags cannot be read")
                .because(DisplayErrorContext(error).to_string())
        })?;
        let status = tags.tag_set().iter().find(|tag| tag.key() == TAG);
        Ok(status.map_or(ScanVerdict::Unscanned, |tag| of_status(tag.value())))
    }
}

/// Everything but the two results of a finished scan is no verdict: UNSUPPORTED, ACCESS_DENIED, FAILED, and what AWS may add.
fn of_status(status: &str) -> ScanVerdict {
    match status {
        "NO_THREATS_FOUND" => ScanVerdict::Clean,
        "THREATS_FOUND" => ScanVerdict::Infected,
        _ => {
            tracing::warn!(status, "GuardDuty could not scan a document");
            ScanVerdict::Unscanned
        }
    }
}
