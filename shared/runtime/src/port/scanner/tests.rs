//! clamd and GuardDuty as they answer, and the settings that choose between them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::Kind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::task::JoinHandle;

use super::clamd::{Clamd, MAX_BYTES};
use super::*;
use crate::port::aws::Aws;
use crate::port::blob::Blobs;
use crate::port::config::Config;
use crate::testing::FakeFiles;

/// Reads one command INSTREAM and returns the chunks.
async fn receive(socket: &mut (impl AsyncReadExt + Unpin)) -> Vec<Vec<u8>> {
    let mut command = [0; 10];
    socket.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, b"zINSTREAM\0");
    let mut chunks = Vec::new();
    loop {
        let length = socket.read_u32().await.unwrap();
        if length == 0 {
            return chunks;
        }
        let mut chunk = vec![0; length.try_into().unwrap()];
        socket.read_exact(&mut chunk).await.unwrap();
        chunks.push(chunk);
    }
}

/// A clamd that takes one stream, answers with these bytes and hangs up. Its address, and the chunks that it got.
async fn clamd(answer: &'static [u8]) -> (String, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let chunks = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let chunks = receive(&mut socket).await;
        socket.write_all(answer).await.unwrap();
        chunks
    });
    (address, chunks)
}

#[tokio::test]
async fn only_an_answer_that_says_ok_is_clean() {
    for (answer, verdict) in [
        (&b"stream: OK\0"[..], ScanVerdict::Clean),
        (b"stream: Eicar-Test-Signature FOUND\0", ScanVerdict::Infected),
        (b"stream: OK FOUND\0", ScanVerdict::Infected),
        (b"INSTREAM size limit exceeded. ERROR\0", ScanVerdict::Unscanned),
        (b"stream: Can't allocate memory ERROR\0", ScanVerdict::Unscanned),
        (b"UNKNOWN COMMAND\0", ScanVerdict::Unscanned),
        (b"stream: OK", ScanVerdict::Unscanned),
        (b"stream: OK ", ScanVerdict::Unscanned),
        (b"stream: Eicar-Test-Signature FO", ScanVerdict::Unscanned),
        (b"\0", ScanVerdict::Unscanned),
        (b"", ScanVerdict::Unscanned),
    ] {
        let (address, _) = clamd(answer).await;
        let found = Clamd::new(&address).verdict(&Bytes::from_static(b"%PDF-")).await;
        assert_eq!(found, verdict, "{}", String::from_utf8_lossy(answer));
    }
}

#[tokio::test]
async fn clamd_gets_the_whole_file_in_chunks() {
    let file: Bytes = (0..150_000_u32)
        .map(|place| u8::try_from(place % 251).unwrap())
        .collect();
    let (address, chunks) = clamd(b"stream: OK\0").await;
    assert_eq!(Clamd::new(&address).verdict(&file).await, ScanVerdict::Clean);
    let chunks = chunks.await.unwrap();
    assert_eq!((chunks.len(), chunks.concat()), (3, file.to_vec()));
}

#[tokio::test]
async fn an_answer_may_come_in_pieces_and_before_the_connection_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        receive(&mut socket).await;
        for piece in [&b"stream: "[..], b"O", b"K\0"] {
            socket.write_all(piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::future::pending::<()>().await;
    });
    let found = Clamd::new(&address).verdict(&Bytes::from_static(b"%PDF-")).await;
    assert_eq!(found, ScanVerdict::Clean);
}

/// It answers and hangs up while the file is still on its way.
#[tokio::test]
async fn a_clamd_that_refuses_a_large_file_gives_no_verdict() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 100]).await;
        socket
            .write_all(b"INSTREAM size limit exceeded. ERROR\0")
            .await
            .unwrap();
    });
    let file = Bytes::from(vec![0; 8 * 1024 * 1024]);
    assert_eq!(Clamd::new(&address).verdict(&file).await, ScanVerdict::Unscanned);
}

#[tokio::test]
async fn a_clamd_that_is_late_or_away_gives_no_verdict() {
    let file = Bytes::from_static(b"%PDF-");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let late = Clamd::new(&address).with_timeout(Duration::from_millis(100));
    assert_eq!(late.verdict(&file).await, ScanVerdict::Unscanned);
    drop(listener);
    assert_eq!(Clamd::new(&address).verdict(&file).await, ScanVerdict::Unscanned);
    assert_eq!(Clamd::new("no address").verdict(&file).await, ScanVerdict::Unscanned);
}

#[tokio::test]
async fn clamd_may_listen_on_a_unix_socket() {
    let path = std::env::temp_dir().join(format!("scanner-{}.socket", uuid::Uuid::new_v4()));
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        receive(&mut socket).await;
        socket.write_all(b"stream: OK\0").await.unwrap();
    });
    let found = Clamd::new(path.to_str().unwrap())
        .verdict(&Bytes::from_static(b"%PDF-"))
        .await;
    std::fs::remove_file(&path).unwrap();
    assert_eq!(found, ScanVerdict::Clean);
}

/// A scanner with these settings, the files of a test, and an S3 that answers every request with `answer`.
async fn scanner(settings: &[(&str, &str)], files: Arc<FakeFiles>, answer: String) -> ConfiguredScanner {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (socket, _): (TcpStream, _) = listener.accept().await.unwrap();
            answer_one(socket, &answer).await;
        }
    });
    let settings = settings.iter().copied().chain([("AWS_ENDPOINT_URL", url.as_str())]);
    let config: Config = settings.collect();
    let aws = Aws::new(config.clone());
    ConfiguredScanner::new(config, files, move || aws_sdk_s3::Client::new(&aws.settings()))
}

async fn answer_one(mut socket: TcpStream, answer: &str) {
    let mut request = [0; 4096];
    let length = socket.read(&mut request).await.unwrap();
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    assert!(request.starts_with("GET /documents/proposals/1?tagging "), "{request}");
    let _ = socket.write_all(answer.as_bytes()).await;
}

fn tagged(tags: &[(&str, &str)]) -> String {
    let tags: String = tags
        .iter()
        .map(|(name, value)| format!("<Tag><Key>{name}</Key><Value>{value}</Value></Tag>"))
        .collect();
    let body = format!("<Tagging><TagSet>{tags}</TagSet></Tagging>");
    format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn only_a_tag_that_says_no_threats_is_clean() {
    const TAG: &str = "GuardDutyMalwareScanStatus";
    for (tags, verdict) in [
        (&[(TAG, "NO_THREATS_FOUND")][..], ScanVerdict::Clean),
        (
            &[("other", "THREATS_FOUND"), (TAG, "NO_THREATS_FOUND")],
            ScanVerdict::Clean,
        ),
        (&[(TAG, "THREATS_FOUND")], ScanVerdict::Infected),
        (&[(TAG, "UNSUPPORTED")], ScanVerdict::Unscanned),
        (&[(TAG, "ACCESS_DENIED")], ScanVerdict::Unscanned),
        (&[(TAG, "FAILED")], ScanVerdict::Unscanned),
        (&[(TAG, "no_threats_found")], ScanVerdict::Unscanned),
        (&[(TAG, "")], ScanVerdict::Unscanned),
        (
            &[("guarddutymalwarescanstatus", "NO_THREATS_FOUND")],
            ScanVerdict::Unscanned,
        ),
        (&[], ScanVerdict::Unscanned),
    ] {
        let scanner = scanner(&[("DOCUMENT_SCANNER", "guardduty")], Arc::default(), tagged(tags)).await;
        let found = scanner.verdict("documents", "proposals/1").await.unwrap();
        assert_eq!(found, verdict, "{tags:?}");
    }
}

#[tokio::test]
async fn tags_that_cannot_be_read_are_a_failure_and_no_verdict() {
    let body = "<Error><Code>AccessDenied</Code></Error>";
    let denied = format!(
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let scanner = scanner(&[("DOCUMENT_SCANNER", "guardduty")], Arc::default(), denied).await;
    let failed = scanner.verdict("documents", "proposals/1").await.unwrap_err();
    assert_eq!(failed.kind, Kind::Unavailable);
}

async fn verdict_of(settings: &[(&str, &str)], files: Arc<FakeFiles>) -> model::Result<ScanVerdict> {
    let scanner = scanner(settings, files, String::new()).await;
    scanner.verdict("documents", "proposals/1").await
}

#[tokio::test]
async fn a_scanner_that_is_not_set_up_fails_and_names_the_setting() {
    for (settings, name) in [
        (&[][..], "DOCUMENT_SCANNER"),
        (&[("DOCUMENT_SCANNER", "")], "DOCUMENT_SCANNER"),
        (&[("DOCUMENT_SCANNER", "off"), ("STAGE", "local")], "`off`"),
        (&[("DOCUMENT_SCANNER", "NONE"), ("STAGE", "local")], "`NONE`"),
        (&[("DOCUMENT_SCANNER", "clamd"), ("STAGE", "local")], "CLAMD_ADDRESS"),
        (&[("DOCUMENT_SCANNER", "none")], "local only"),
        (&[("DOCUMENT_SCANNER", "none"), ("STAGE", "live")], "local only"),
        (&[("DOCUMENT_SCANNER", "none"), ("STAGE", "Local")], "local only"),
    ] {
        let refused = verdict_of(settings, Arc::default()).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Misconfigured, "{settings:?}");
        assert!(refused.message.contains(name), "{}", refused.message);
    }
    let local = [("DOCUMENT_SCANNER", "none"), ("STAGE", "local")];
    assert_eq!(verdict_of(&local, Arc::default()).await.unwrap(), ScanVerdict::Clean);
}

#[tokio::test]
async fn clamd_gets_the_stored_file() {
    let files = Arc::new(FakeFiles::default());
    let settings = |address| [("DOCUMENT_SCANNER", "clamd"), ("CLAMD_ADDRESS", address)];
    let missing = verdict_of(&settings("127.0.0.1:1"), Arc::clone(&files)).await;
    assert_eq!(missing.unwrap_err().kind, Kind::Unavailable);
    let put = files.put(
        "documents",
        "proposals/1",
        "application/pdf",
        Bytes::from_static(b"%PDF-1.7"),
    );
    put.await.unwrap();
    let (address, chunks) = clamd(b"stream: Eicar FOUND\0").await;
    let found = verdict_of(&settings(&address), Arc::clone(&files)).await.unwrap();
    assert_eq!(
        (found, chunks.await.unwrap().concat()),
        (ScanVerdict::Infected, b"%PDF-1.7".to_vec())
    );
    // A file that is too large is not sent at all: no clamd listens here.
    let size = usize::try_from(MAX_BYTES).unwrap() + 1;
    let put = files.put("documents", "proposals/1", "application/pdf", vec![b' '; size].into());
    put.await.unwrap();
    let found = verdict_of(&settings("127.0.0.1:1"), files).await.unwrap();
    assert_eq!(found, ScanVerdict::Unscanned);
}
