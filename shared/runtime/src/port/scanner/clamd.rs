//! clamd, ClamAV's daemon, over its command INSTREAM.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use model::{Error, Kind, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::verdict::ScanVerdict;

/// clamd's own limit (`StreamMaxLength`) is 25 MB where its operator has set no other.
pub const MAX_BYTES: u64 = 25 * 1024 * 1024;
/// A scan that takes longer gives no verdict.
const TIMEOUT: Duration = Duration::from_secs(10);
const CHUNK_BYTES: usize = 64 * 1024;
/// Of an answer, which names one signature.
const MAX_ANSWER_BYTES: usize = 4096;

/// Where a clamd listens: `host:port`, or the path of a Unix socket.
pub struct Clamd {
    address: String,
    timeout: Duration,
}

impl Clamd {
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            timeout: TIMEOUT,
        }
    }

    #[cfg(test)]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The verdict on these bytes. A clamd that cannot be reached, is late or fails gives none.
    pub async fn verdict(&self, bytes: &Bytes) -> ScanVerdict {
        let answer = tokio::time::timeout(self.timeout, self.scan(bytes)).await;
        let answer = answer.unwrap_or_else(|_| Err(Error::new(Kind::Unavailable, "clamd did not answer in time")));
        match answer {
            Ok(answer) => of_answer(&answer),
            Err(error) => {
                tracing::warn!(cause = error.chain(), "a document could not be scanned");
                ScanVerdict::Unscanned
            }
        }
    }

    async fn scan(&self, bytes: &Bytes) -> Result<String> {
        let unreachable = |error| Error::new(Kind::Unavailable, "clamd cannot be reached").because(error);
        if self.address.starts_with('/') {
            let stream = UnixStream::connect(&self.address).await;
            return converse(stream.map_err(unreachable)?, bytes).await;
        }
        let stream = TcpStream::connect(&self.address).await;
        converse(stream.map_err(unreachable)?, bytes).await
    }
}

/// Sends the bytes in chunks and returns the answer.
async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &Bytes) -> Result<String> {
    // clamd ends the connection as soon as it refuses a stream, and its answer says why.
    let sent = send(&mut stream, bytes).await;
    match receive(&mut stream).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            Err(Error::new(Kind::Unavailable, "the connection to clamd broke").because(sent.err().unwrap_or(error)))
        }
    }
}

/// An answer ends with a NUL. One without it was cut, and a cut line proves nothing.
async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut answer = BytesMut::new();
    while answer.len() < MAX_ANSWER_BYTES {
        if stream.read_buf(&mut answer).await? == 0 {
            break;
        }
        if let Some((line, _)) = answer
            .iter()
            .position(|byte| *byte == 0)
            .and_then(|end| answer.split_at_checked(end))
        {
            return Ok(String::from_utf8_lossy(line).into_owned());
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &Bytes) -> std::io::Result<()> {
    stream.write_all(b"zINSTREAM\0").await?;
    for chunk in bytes.chunks(CHUNK_BYTES) {
        let length = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(chunk).await?;
    }
    stream.write_all(&0_u32.to_be_bytes()).await?;
    stream.flush().await
}

/// `stream: OK`, `stream: <signature> FOUND`, or an error such as `INSTREAM size limit exceeded. ERROR`.
fn of_answer(answer: &str) -> ScanVerdict {
    if answer == "stream: OK" {
        return ScanVerdict::Clean;
    }
    if let Some(signature) = answer
        .strip_prefix("stream: ")
        .and_then(|rest| rest.strip_suffix(" FOUND"))
    {
        tracing::warn!(signature, "clamd found malware in a document");
        return ScanVerdict::Infected;
    }
    tracing::warn!(answer, "clamd could not scan a document");
    ScanVerdict::Unscanned
}
