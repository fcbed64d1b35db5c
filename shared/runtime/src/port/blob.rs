//! Files, which are too large for rows.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use model::{Error, Kind, Result};
use ring::digest::{SHA256, digest};

/// How long a presigned upload may start.
pub const UPLOAD: Duration = Duration::from_secs(300);
/// A file that has not been read by then, body included, is read again later. AWS's own time limits end with the head.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Where files are kept. A key never holds anything a caller wrote.
pub trait Blobs: Send + Sync {
    fn put<'a>(&'a self, bucket: &'a str, key: &'a str, media_type: &'a str, bytes: Bytes)
    -> BoxFuture<'a, Result<()>>;

    /// A file of `size` bytes, and one byte more if it is larger. None where there is no such file. S3 answers so only to a
    /// role with `s3:ListBucket` on the key as a prefix.
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, size: u64) -> BoxFuture<'a, Result<Option<Bytes>>>;

    /// Deletes a file. Its bucket may keep it as an older version for a while.
    fn delete<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<()>>;

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

/// An upload that needs no other credentials. The signature covers the headers, so it takes one file of this type and size, once:
/// a second upload gets 412.
#[derive(Clone, Debug)]
pub struct Presigned {
    /// The method of the upload.
    pub method: String,
    /// The address of the upload.
    pub url: String,
    /// Send them unchanged.
    pub headers: BTreeMap<String, String>,
    /// The deadline of the upload.
    pub expires_at: Timestamp,
}

pub struct S3 {
    client: LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>,
    read_timeout: Duration,
}

impl S3 {
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self {
            client: LazyLock::new(Box::new(client)),
            read_timeout: READ_TIMEOUT,
        }
    }

    async fn read(&self, bucket: &str, key: &str, size: u64) -> Result<Option<Bytes>> {
        let found = match self.client.get_object().bucket(bucket).key(key).send().await {
            Ok(found) => found,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) if error.code() == Some("AccessDenied") => {
                let what = "a file is not there, or this function may neither read nor list it";
                return Err(failure(what, error));
            }
            Err(error) => return Err(failure("a file cannot be read", error)),
        };
        let limit = usize::try_from(size.saturating_add(1)).unwrap_or(usize::MAX);
        let (mut body, mut bytes) = (found.body, BytesMut::new());
        while bytes.len() < limit
            && let Some(chunk) = body.next().await
        {
            let broken = |error| Error::new(Kind::Unavailable, "a file cannot be read").because(error);
            let mut chunk = chunk.map_err(broken)?;
            chunk.truncate(limit - bytes.len());
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes.freeze()))
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
            let put = self
                .client
                .put_object()
                .bucket(bucket)
                .key(key)
                .content_type(media_type);
            let sent = put.body(ByteStream::from(bytes)).send().await;
            sent.map(drop)
                .map_err(|error| failure("a file cannot be stored", error))
        })
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, size: u64) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Box::pin(async move {
            let read = tokio::time::timeout(self.read_timeout, self.read(bucket, key, size)).await;
            read.unwrap_or_else(|_| Err(Error::new(Kind::Unavailable, "a file was not read in time")))
        })
    }

    fn delete<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let deleted = self.client.delete_object().bucket(bucket).key(key).send().await;
            deleted
                .map(drop)
                .map_err(|error| failure("a file cannot be deleted", error))
        })
    }

    fn presign<'a>(&'a self, file: File<'a>, now: Timestamp) -> BoxFuture<'a, Result<Presigned>> {
        Box::pin(async move {
            let internal = |error: String| Error::new(Kind::Internal, "an upload cannot be signed").because(error);
            let size = i64::try_from(file.size).map_err(|error| internal(error.to_string()))?;
            let put = self.client.put_object().bucket(file.bucket).key(file.key);
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::port::aws::Aws;

    #[test]
    fn a_hash_is_written_in_hex() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    /// A store that answers every request with these bytes, and hangs up after that if `hangs_up`.
    async fn store(answer: Vec<u8>, hangs_up: bool) -> S3 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                let _ = socket.read(&mut [0; 4096]).await;
                let _ = socket.write_all(&answer).await;
                open.extend((!hangs_up).then_some(socket));
            }
        });
        let aws = Aws::new([("AWS_ENDPOINT_URL", url)].into_iter().collect());
        S3 {
            read_timeout: Duration::from_millis(500),
            ..S3::new(move || Client::new(&aws.settings()))
        }
    }

    #[tokio::test]
    async fn a_file_is_read_up_to_one_byte_more_than_its_size() {
        let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        endless.resize(4 * 1024 * 1024, b'x');
        let files = store(endless, false).await;
        for size in [0, 9, 100_000] {
            let read = files.get("documents", "quarantine/1", size).await.unwrap().unwrap();
            assert_eq!(u64::try_from(read.len()).unwrap(), size + 1);
        }
        let whole = store(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfile".to_vec(), true).await;
        for size in [4, 5, u64::MAX] {
            let read = whole.get("documents", "quarantine/1", size).await.unwrap();
            assert_eq!(read.unwrap(), Bytes::from_static(b"file"));
        }
    }

    #[tokio::test]
    async fn a_file_whose_body_does_not_come_is_not_waited_for() {
        let files = store(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfi".to_vec(), false).await;
        let read = tokio::time::timeout(Duration::from_secs(5), files.get("documents", "quarantine/1", 4)).await;
        assert_eq!(read.unwrap().unwrap_err().kind, Kind::Unavailable);
    }

    #[tokio::test]
    async fn a_missing_file_differs_from_one_that_may_not_be_listed() {
        let answer = |status: &str, code: &str| {
            let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
        };
        let missing = store(answer("404 Not Found", "NoSuchKey"), true).await;
        assert_eq!(missing.get("documents", "quarantine/1", 4).await.unwrap(), None);
        let denied = store(answer("403 Forbidden", "AccessDenied"), true).await;
        let refused = denied.get("documents", "quarantine/1", 4).await.unwrap_err();
        assert!(refused.message.contains("not there"), "{}", refused.message);
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
