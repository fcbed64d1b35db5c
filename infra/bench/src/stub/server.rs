//! AWS and the funder, over TLS.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::items::Items;
use super::timeline::{Call, Service, Timeline};
use super::write_units::write_units;
use crate::failure::{Context, Result};
use crate::fixture::WEBHOOK_TOKEN;
use crate::tls::Authority;

type Reply = Response<Full<Bytes>>;

/// Every secret has these members: each function reads those it knows.
const SECRET: [(&str, &str); 6] = [
    ("LEX_APP_ID", "test-lex-app"),
    ("LEX_SHARED_SECRET", "test-lex-secret"),
    ("LEX_DEALER_ID_MAJOR", "test-major"),
    ("LEX_DEALER_ID_MINOR", "test-minor"),
    ("MMOB_API_KEY", "test-mmob-key"),
    ("MMOB_WEBHOOK_TOKEN", WEBHOOK_TOKEN),
];

pub struct Stubs {
    /// The port of AWS.
    pub aws: u16,
    /// The port of the funder.
    pub funder: u16,
    pub timeline: Timeline,
    delays: Arc<Delays>,
}

/// Milliseconds.
#[derive(Default)]
struct Delays {
    aws: AtomicU64,
    funder: AtomicU64,
}

#[derive(Clone)]
struct Stub {
    service: Service,
    timeline: Timeline,
    delays: Arc<Delays>,
    items: Items,
    quote: Bytes,
}

impl Stubs {
    /// Starts both as tasks of the current runtime.
    pub async fn start(authority: &Authority, quote: Bytes) -> Result<Self> {
        let (timeline, delays) = (Timeline::default(), Arc::new(Delays::default()));
        let stub = |service| Stub {
            service,
            timeline: timeline.clone(),
            delays: Arc::clone(&delays),
            items: Items::new(),
            quote: quote.clone(),
        };
        let (aws, funder) = (stub(Service::Aws), stub(Service::Funder));
        Ok(Self {
            aws: listen(aws, authority).await?,
            funder: listen(funder, authority).await?,
            timeline,
            delays,
        })
    }

    /// Sets how many milliseconds AWS and the funder take from now on.
    pub fn delay(&self, aws: u64, funder: u64) {
        self.delays.aws.store(aws, Ordering::Relaxed);
        self.delays.funder.store(funder, Ordering::Relaxed);
    }
}

async fn listen(stub: Stub, authority: &Authority) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("a stub's port")?;
    let port = listener.local_addr()?.port();
    let acceptor = TlsAcceptor::from(Arc::clone(&authority.server));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stub.timeline.connected();
            let _unset = stream.set_nodelay(true);
            let (stub, acceptor) = (stub.clone(), acceptor.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                stub.timeline.handshook();
                let service = service_fn(|request| stub.serve(request));
                let _broken = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Ok(port)
}

impl Stub {
    async fn serve(&self, request: Request<Incoming>) -> std::result::Result<Reply, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        // A request that only opens a connection is no call.
        if head.method != Method::POST {
            return Ok(reply("application/json", Bytes::new()));
        }
        let start = Instant::now();
        let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let (system, operation) = target
            .and_then(|target| target.split_once('.'))
            .unwrap_or(("", "quote"));
        let service = if system.starts_with("DynamoDB") {
            Service::Dynamo
        } else {
            self.service
        };
        let request = match service {
            Service::Dynamo => serde_json::from_slice(&body).unwrap_or(Value::Null),
            _ => Value::Null,
        };
        let (answer, delay) = match service {
            Service::Funder => (reply("application/json", self.quote.clone()), &self.delays.funder),
            Service::Dynamo => (
                reply("application/x-amz-json-1.0", self.items.answer(operation, &request)),
                &self.delays.aws,
            ),
            Service::Aws => (reply("application/x-amz-json-1.1", aws(operation)), &self.delays.aws),
        };
        let delay = Duration::from_millis(delay.load(Ordering::Relaxed));
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.timeline.called(Call {
            service,
            operation: operation.to_owned(),
            start,
            end: Instant::now(),
            write_units: write_units(operation, &request),
        });
        Ok(answer)
    }
}

fn reply(kind: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    reply
}

fn aws(operation: &str) -> Bytes {
    match operation {
        "GetSecretValue" => json!({
            "ARN": "arn:aws:secretsmanager:eu-west-2:000000000000:secret:bench", "Name": "bench", "SecretString": secret(),
            "VersionId": "00000000-0000-0000-0000-000000000000", "VersionStages": ["AWSCURRENT"],
        })
        .to_string()
        .into(),
        _ => Bytes::from_static(br#"{"MessageId":"00000000-0000-0000-0000-000000000000"}"#),
    }
}

fn secret() -> String {
    let members = SECRET.map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Object(members.into_iter().collect()).to_string()
}
