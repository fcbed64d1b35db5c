//! Scans of whole tables, and deletion of rows and of every version of files. Only the functions that erase have this client:
//! no other one may do any of it.

use std::sync::LazyLock;

use aws_sdk_dynamodb::types::ReturnValue;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use futures_util::future::BoxFuture;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use model::{Error, Kind, Result};

use super::store::{Item, Key};

/// Versions that are deleted at once.
const CONCURRENCY: usize = 16;

/// Rows of a table, and where the next ones begin.
#[derive(Debug, Default)]
pub struct ScanPage {
    pub rows: Vec<Item>,
    /// The last key that was read. None after the last page.
    pub next: Option<Key>,
}

pub trait Eraser: Send + Sync {
    /// The rows of a table after this key, as they are stored: expired ones too, because DynamoDB deletes those days later.
    /// It sees every write that was answered before.
    fn scan<'a>(&'a self, table: &'a str, after: Option<&'a Key>) -> BoxFuture<'a, Result<ScanPage>>;

    /// Deletes a row, whatever it has become. Whether there was one.
    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool>>;

    /// Deletes every version of all files whose keys begin so, and the markers of those that were deleted. How many.
    fn delete_files<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<u64>>;
}

type Lazy<T> = LazyLock<T, Box<dyn FnOnce() -> T + Send>>;

pub struct AwsEraser {
    tables: Lazy<aws_sdk_dynamodb::Client>,
    files: Lazy<aws_sdk_s3::Client>,
}

impl AwsEraser {
    /// Each client is made at its first use.
    pub fn new(
        tables: impl FnOnce() -> aws_sdk_dynamodb::Client + Send + 'static,
        files: impl FnOnce() -> aws_sdk_s3::Client + Send + 'static,
    ) -> Self {
        Self {
            tables: LazyLock::new(Box::new(tables)),
            files: LazyLock::new(Box::new(files)),
        }
    }

    async fn delete_version(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<()> {
        let delete = self.files.delete_object().bucket(bucket).key(key);
        let deleted = delete.set_version_id(version.map(Into::into)).send().await;
        deleted
            .map(drop)
            .map_err(|error| failure("a version of a file cannot be deleted", error))
    }
}

impl Eraser for AwsEraser {
    fn scan<'a>(&'a self, table: &'a str, after: Option<&'a Key>) -> BoxFuture<'a, Result<ScanPage>> {
        Box::pin(async move {
            let scan = self.tables.scan().table_name(table).consistent_read(true);
            let read = scan.set_exclusive_start_key(after.map(Key::item)).send().await;
            let read = read.map_err(|error| failure("a table cannot be scanned", error))?;
            Ok(ScanPage {
                rows: read.items.unwrap_or_default(),
                next: read.last_evaluated_key.map(|last| Key::of(table, &last)),
            })
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let delete = self
                .tables
                .delete_item()
                .table_name(&key.table)
                .set_key(Some(key.item()));
            let deleted = delete.return_values(ReturnValue::AllOld).send().await;
            let deleted = deleted.map_err(|error| failure("a row cannot be deleted", error))?;
            Ok(deleted.attributes.is_some_and(|row| !row.is_empty()))
        })
    }

    fn delete_files<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let mut deleted = 0;
            loop {
                // What is deleted leaves the list, so each round begins at its start.
                let list = self.files.list_object_versions().bucket(bucket).prefix(prefix);
                let listed = list.send().await;
                let listed = listed.map_err(|error| failure("the versions of files cannot be listed", error))?;
                let versions = listed.versions.into_iter().flatten();
                let markers = listed.delete_markers.into_iter().flatten();
                let versions = versions.map(|version| (version.key, version.version_id));
                let all: Vec<_> = versions
                    .chain(markers.map(|marker| (marker.key, marker.version_id)))
                    .collect();
                if all.is_empty() {
                    return Ok(deleted);
                }
                let each = all.into_iter().map(|(key, version)| async move {
                    let key = key.unwrap_or_default();
                    self.delete_version(bucket, &key, version.as_deref()).await
                });
                let ended: Vec<()> = iter(each).buffer_unordered(CONCURRENCY).try_collect().await?;
                deleted += u64::try_from(ended.len()).unwrap_or(u64::MAX);
            }
        })
    }
}

/// A mistake of ours, such as a missing right, does not pass by itself; the others may.
fn failure<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static>(what: &str, error: E) -> Error {
    let is_mistake = [
        "AccessDenied",
        "AccessDeniedException",
        "ValidationException",
        "NoSuchBucket",
        "ResourceNotFoundException",
    ];
    let kind = match error.code().is_some_and(|code| is_mistake.contains(&code)) {
        true => Kind::Misconfigured,
        false => Kind::Unavailable,
    };
    Error::new(kind, what).because(DisplayErrorContext(error).to_string())
}
