//! Files: what is too large for a row, and must not be in one.

use std::sync::LazyLock;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use model::{Error, Kind, Result};

/// Where files are kept. A key never holds anything a caller wrote.
pub trait Blobs: Send + Sync {
    fn put<'a>(&'a self, bucket: &'a str, key: &'a str, media_type: &'a str, bytes: Bytes)
    -> BoxFuture<'a, Result<()>>;

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Bytes>>;
}

pub struct S3(LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>);

impl S3 {
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(client)))
    }
}

impl Blobs for S3 {
    fn put<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        media_type: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let put = self.0.put_object().bucket(bucket).key(key).content_type(media_type);
            let sent = put.body(ByteStream::from(bytes)).send().await;
            sent.map(drop)
                .map_err(|error| failure("a file cannot be stored", error))
        })
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Bytes>> {
        Box::pin(async move {
            let found = self.0.get_object().bucket(bucket).key(key).send().await;
            let found = found.map_err(|error| failure("a file cannot be read", error))?;
            let body = found.body.collect().await;
            body.map(aws_sdk_s3::primitives::AggregatedBytes::into_bytes)
                .map_err(|error| Error::new(Kind::Unavailable, "a file cannot be read").because(error))
        })
    }
}

fn failure<E: std::error::Error + Send + Sync + 'static>(what: &str, error: E) -> Error {
    Error::new(Kind::Unavailable, what).because(DisplayErrorContext(error).to_string())
}
