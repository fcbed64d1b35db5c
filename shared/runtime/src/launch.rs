//! Starting a function: a current-thread runtime, JSON logs, the domain's handles, the loop.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime, service_fn};
use model::Error;
use model::error::Level;
use model::id::CorrelationId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;

use crate::Exit;
use crate::clock::Clock;
use crate::config::Config;
use crate::cx::Time;
use crate::domain::Domain;
use crate::metric::{self, Source, Told};
use crate::ports::Ports;

/// Init is allowed this long for opening connections; a slow partner must not make it fail.
const WARMING: Duration = Duration::from_secs(1);
/// Kept back from Lambda's own deadline, to answer in.
const MARGIN: Duration = Duration::from_millis(500);

/// A call of one function: the event's JSON in, the answer's JSON out.
type Invoke = Box<dyn Fn(Box<RawValue>, Time) -> LocalBoxFuture<'static, Result<Box<RawValue>, serde_json::Error>>>;

/// Starts the function. What is generic here is only the reading of an event and the writing of an answer: the loop
/// below is compiled once, and not again for every binary.
pub fn run<E, I, O, F>(ports: fn(&Config) -> Ports, call: impl Fn(Arc<E>, I, Time) -> F + 'static) -> Exit
where
    E: Domain,
    I: DeserializeOwned + 'static,
    O: Serialize + 'static,
    F: Future<Output = O> + 'static,
{
    start(ports, |config, ports| {
        let env = Arc::new(E::load(config, ports));
        let warm = {
            let env = Arc::clone(&env);
            async move { env.warm().await }.boxed_local()
        };
        let call = Rc::new(call);
        let invoke: Invoke = Box::new(move |event, time| {
            let (env, call) = (Arc::clone(&env), Rc::clone(&call));
            async move { to_raw_value(&call(env, serde_json::from_str(event.get())?, time).await) }.boxed_local()
        });
        (warm, invoke)
    })
}

fn start(
    ports: fn(&Config) -> Ports,
    load: impl FnOnce(Config, Ports) -> (LocalBoxFuture<'static, ()>, Invoke),
) -> Exit {
    let config = Config::from_env();
    let ports = ports(&config);
    // Measurements switch it off to see what init costs by itself.
    let warmed = config.get("WARM_UP") != Some("off");
    let source = Rc::new(Source::new(&config));
    let (warm, invoke) = load(config, ports);
    serve(if warmed { warm } else { async {}.boxed_local() }, source, invoke)
}

fn serve(warm: LocalBoxFuture<'static, ()>, source: Rc<Source>, invoke: Invoke) -> Exit {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(tracing::Level::INFO)
        .init();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    runtime.block_on(async {
        if tokio::time::timeout(WARMING, warm).await.is_err() {
            tracing::warn!("connections were not open within a second; the first request opens them");
        }
        let handler = service_fn(|event: LambdaEvent<Box<RawValue>>| {
            let answer = metric::gather(Rc::clone(&source), invoke(event.payload, time(&event.context)));
            async move { answer.await.map_err(|_| unreadable()) }
        });
        match Runtime::new(handler).run().await {
            Ok(()) => Exit::SUCCESS,
            Err(error) => failed(error.as_ref()),
        }
    })
}

/// Without serde's words, which could quote the event.
fn unreadable() -> Diagnostic {
    Diagnostic {
        error_type: "Event.Unreadable".into(),
        error_message: "the event is not what this function takes".into(),
    }
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Exit {
    tracing::error!(error, "the function cannot run");
    Exit::FAILURE
}

fn time(context: &Context) -> Time {
    let started = Instant::now();
    let end = Timestamp::try_from(context.deadline()).unwrap_or(Timestamp::MAX);
    let left = Duration::try_from(end.duration_since(Clock::System.now())).unwrap_or_default();
    Time {
        started,
        deadline: started + left.saturating_sub(MARGIN),
    }
}

/// What the log says of one call.
pub struct Line<'a> {
    pub route: &'a str,
    /// A hash: who it was must be comparable, not readable.
    pub caller: Option<&'a str>,
    /// Milliseconds.
    pub duration: u64,
    pub code: Option<&'a str>,
}

impl Line<'_> {
    pub fn request(&self, correlation: CorrelationId, status: u16, error: Option<&Error>) {
        let level = error.map_or(Level::Info, |error| error.kind.rule().level);
        // The words of a caller's mistake are for the caller: they could hold what must not be logged.
        let cause = error.filter(|_| level != Level::Info).map(chain);
        metric::tell(
            self,
            &Told {
                correlation,
                status,
                level,
                cause,
            },
        );
    }
}

/// The failure and what caused it, in one line.
pub fn chain(error: &Error) -> String {
    let mut text = error.message.clone();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
