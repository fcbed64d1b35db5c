//! Files, which are too large for rows.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use model::{Error, Kind, Result};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use utoipa::ToSchema;

/// How long a presigned upload may start.
pub const UPLOAD: Duration = Duration::from_secs(300);

/// Where files are kept. A key never holds anything a caller wrote.
pub trait Blobs: Send + Sync {
    fn put<'a>(&'a self, bucket: &'a str, key: &'a str, media_type: &'a str, bytes: Bytes)
    -> BoxFuture<'a, Result<()>>;

    /// None where there is no such file. S3 answers so only to a role with `s3:ListBucket`.
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>>;

    /// A request that lets its holder store this one file, within [`UPLOAD`] of `now`.
    fn presign<'a>(&'a self, file: File<'a>, now: Timestamp) -> BoxFuture<'a, Result<Presigned>>;
}

/// A file that a caller will store.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    pub bucket: &'a str,
    pub key: &'a str,
    pub media_type: &'a str,
    /// In bytes.
    pub size: u64,
}

/// An upload that needs no credentials beside this. The signature covers the headers, so that it takes one file of this type
/// and size, once: a second time is 412.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Presigned {
    pub method: String,
    pub url: String,
    /// To be sent exactly so.
    pub headers: BTreeMap<String, String>,
    pub expires_at: Timestamp,
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

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Box::pin(async move {
            let found = match self.0.get_object().bucket(bucket).key(key).send().await {
                Ok(found) => found,
                Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
                Err(error) => return Err(failure("a file cannot be read", error)),
            };
            let body = found.body.collect().await;
            body.map(|body| Some(body.into_bytes()))
                .map_err(|error| Error::new(Kind::Unavailable, "a file cannot be read").because(error))
        })
    }

    fn presign<'a>(&'a self, file: File<'a>, now: Timestamp) -> BoxFuture<'a, Result<Presigned>> {
        Box::pin(async move {
            let internal = |error: String| Error::new(Kind::Internal, "an upload cannot be signed").because(error);
            let size = i64::try_from(file.size).map_err(|error| internal(error.to_string()))?;
            let put = self.0.put_object().bucket(file.bucket).key(file.key);
            let put = put
                .content_type(file.media_type)
                .content_length(size)
                .if_none_match("*");
            let life = PresigningConfig::builder()
                .start_time(now.into())
                .expires_in(UPLOAD)
                .build();
            let signed = put.presigned(life.map_err(|error| internal(error.to_string()))?).await;
            let signed = signed.map_err(|error| internal(DisplayErrorContext(error).to_string()))?;
            let headers = signed
                .headers()
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            Ok(Presigned {
                method: signed.method().to_owned(),
                url: signed.uri().to_owned(),
                headers: headers.collect(),
                expires_at: now.saturating_add(UPLOAD).unwrap_or(Timestamp::MAX),
            })
        })
    }
}

/// The type of a file by its first bytes, among the accepted types. The sender's claim proves nothing.
pub fn media_type(bytes: &[u8]) -> Option<&'static str> {
    [
        (&b"%PDF-"[..], "application/pdf"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
    ]
    .into_iter()
    .find_map(|(magic, name)| bytes.starts_with(magic).then_some(name))
}

/// In hex.
pub fn sha256(bytes: &[u8]) -> String {
    let hash = digest(&SHA256, bytes);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn failure<E: std::error::Error + Send + Sync + 'static>(what: &str, error: E) -> Error {
    Error::new(Kind::Unavailable, what).because(DisplayErrorContext(error).to_string())
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        assert_eq!(media_type(b"%PDF-1.7"), Some("application/pdf"));
        assert_eq!(media_type(b"\xff\xd8\xff\xe0rest"), Some("image/jpeg"));
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\nrest"), Some("image/png"));
        for other in [&b"<svg>"[..], b"PK\x03\x04", b"", b"<html>%PDF-", b"GIF89a", b"%PD"] {
            assert_eq!(media_type(other), None);
        }
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[tokio::test]
    async fn an_upload_is_signed_for_one_file_of_one_type_and_size() {
        let settings = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-2"))
            .credentials_provider(Credentials::from_keys("test", "test", None));
        let files = S3::new(move || Client::from_conf(settings.build()));
        let file = File {
            bucket: "documents",
            key: "quarantine/0190",
            media_type: "application/pdf",
            size: 4_000_000,
        };
        let now: Timestamp = "2026-01-05T10:20:00Z".parse().unwrap();
        let signed = files.presign(file, now).await.unwrap();
        let headers: Vec<_> = signed
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            headers,
            [
                ("content-length", "4000000"),
                ("content-type", "application/pdf"),
                ("if-none-match", "*")
            ]
        );
        let (address, query) = signed.url.split_once('?').unwrap();
        assert_eq!(address, "https://documents.s3.eu-west-2.amazonaws.com/quarantine/0190");
        let query: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!(
            query["X-Amz-SignedHeaders"],
            "content-length;content-type;host;if-none-match"
        );
        assert_eq!(
            (query["X-Amz-Expires"].as_str(), query["X-Amz-Date"].as_str()),
            ("300", "20260105T102000Z")
        );
        assert_eq!(
            (signed.method.as_str(), signed.expires_at),
            ("PUT", "2026-01-05T10:25:00Z".parse().unwrap())
        );
    }
}
