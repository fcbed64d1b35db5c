//! A Runtime API for one process: hands out events one at a time, and records the time of each request and answer.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::failure::{Context, Result};

/// How long the harness waits for a process, which is slow under valgrind.
const TIMEOUT: Duration = Duration::from_secs(120);
/// How long an invocation may take.
const LIMIT: Duration = Duration::from_secs(30);
const PREFIX: &str = "/2018-06-01/runtime/";

/// One invocation as Lambda would see it.
pub struct Answer {
    pub handed: Instant,
    pub received: Instant,
    pub body: Bytes,
}

impl Answer {
    /// The status of the HTTP answer inside.
    pub fn status(&self) -> u64 {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or(Value::Null);
        body.get("statusCode").and_then(Value::as_u64).unwrap_or_default()
    }
}

pub struct RuntimeApi {
    /// `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    events: Notify,
    changed: Notify,
}

#[derive(Default)]
struct State {
    events: VecDeque<Bytes>,
    first_next: Option<Instant>,
    handed: Option<Instant>,
    count: u64,
    answers: VecDeque<Answer>,
    error: Option<String>,
}

impl RuntimeApi {
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("the Runtime API's port")?;
        let address = listener.local_addr()?.to_string();
        let shared = Arc::new(Shared::default());
        let state = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _unset = stream.set_nodelay(true);
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    let service = service_fn(|request| state.serve(request));
                    let _broken = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { address, shared, task })
    }

    /// Puts an event in the queue.
    pub fn offer(&self, event: Bytes) {
        self.shared.lock().events.push_back(event);
        self.shared.events.notify_one();
    }

    /// When the process first asked for an event, which ends its init.
    pub async fn first_next(&self) -> Result<Instant> {
        self.wait(|state| state.first_next).await
    }

    /// The next answer.
    pub async fn answer(&self) -> Result<Answer> {
        self.wait(|state| state.answers.pop_front()).await
    }

    async fn wait<T>(&self, look: impl Fn(&mut State) -> Option<T>) -> Result<T> {
        loop {
            {
                let mut state = self.shared.lock();
                if let Some(found) = look(&mut state) {
                    return Ok(found);
                }
                if let Some(error) = state.error.take() {
                    return Err(format!("it reported an error: {error}").into());
                }
            }
            tokio::time::timeout(TIMEOUT, self.shared.changed.notified())
                .await
                .context(format!("nothing within {} s", TIMEOUT.as_secs()))?;
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, request: Request<Incoming>) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
        let arrived = Instant::now();
        let (head, body) = request.into_parts();
        let path = head.uri.path().strip_prefix(PREFIX).unwrap_or_default();
        if head.method == Method::GET && path == "invocation/next" {
            return Ok(self.next(arrived).await);
        }
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let received = Instant::now();
        {
            let mut state = self.lock();
            match (path.ends_with("/response"), state.handed.take()) {
                (true, Some(handed)) => state.answers.push_back(Answer { handed, received, body }),
                _ => state.error = Some(format!("{path}: {}", String::from_utf8_lossy(&body))),
            }
        }
        self.changed.notify_one();
        let mut reply = Response::new(Full::new(Bytes::from_static(br#"{"status":"OK"}"#)));
        *reply.status_mut() = hyper::StatusCode::ACCEPTED;
        Ok(reply)
    }

    async fn next(&self, arrived: Instant) -> Response<Full<Bytes>> {
        self.lock().first_next.get_or_insert(arrived);
        self.changed.notify_one();
        loop {
            let ready = {
                let mut state = self.lock();
                let event = state.events.pop_front();
                event.map(|event| {
                    state.count += 1;
                    state.handed = Some(Instant::now());
                    (event, state.count)
                })
            };
            match ready {
                Some((event, count)) => return invocation(event, count),
                None => self.events.notified().await,
            }
        }
    }
}

fn invocation(event: Bytes, count: u64) -> Response<Full<Bytes>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let deadline = (now + LIMIT).as_millis();
    let reply = Response::builder()
        .header("content-type", "application/json")
        .header(
            "lambda-runtime-aws-request-id",
            format!("00000000-0000-4000-8000-{count:012}"),
        )
        .header("lambda-runtime-deadline-ms", deadline.to_string())
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-west-2:000000000000:function:bench",
        )
        .header(
            "lambda-runtime-trace-id",
            "Root=1-65f1a2b3-0123456789abcdef01234567;Sampled=0",
        )
        .body(Full::new(event.clone()));
    reply.unwrap_or_else(|_| Response::new(Full::new(event)))
}
