//! Starting a function: a current-thread runtime, JSON logs, the domain's handles, the loop.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use jiff::Timestamp;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::cx::Time;
use super::domain::Domain;
use crate::port::Ports;
use crate::port::clock::Clock;
use crate::port::config::Config;
use crate::port::metric::{self, Dimensions};

/// What an entry point returns.
pub type Exit = std::process::ExitCode;

/// Init is allowed this long for opening connections; a slow partner must not make it fail.
const WARM_UP_LIMIT: Duration = Duration::from_secs(1);
/// Kept back from Lambda's own deadline, to answer in.
pub const ANSWER_MARGIN: Duration = Duration::from_millis(500);

/// A call of one function: the event's JSON in, the answer's JSON out.
type Invoke = Box<dyn Fn(Box<RawValue>, Time) -> BoxFuture<'static, Result<Box<RawValue>, serde_json::Error>>>;

/// Starts the function. Only loading the domain is generic: the loop below is compiled once, and not again for every
/// binary.
pub fn run<E: Domain>(
    ports: impl FnOnce(&Config) -> Ports,
    call: impl Fn(Arc<E>, Box<RawValue>, Time) -> BoxFuture<'static, Result<Box<RawValue>, serde_json::Error>> + 'static,
) -> Exit {
    start(E::NAME, ports, |config, ports| {
        let env = Arc::new(E::load(config, ports));
        let warm = {
            let env = Arc::clone(&env);
            async move { env.warm().await }.boxed_local()
        };
        let invoke: Invoke = Box::new(move |event, time| call(Arc::clone(&env), event, time));
        (warm, invoke)
    })
}

fn start(
    domain: &'static str,
    ports: impl FnOnce(&Config) -> Ports,
    load: impl FnOnce(Config, Ports) -> (LocalBoxFuture<'static, ()>, Invoke),
) -> Exit {
    let config = Config::from_env();
    let ports = ports(&config);
    // Measurements switch it off to see what init costs by itself.
    let warmed = config.get("WARM_UP") != Some("off");
    let source = Rc::new(Dimensions::new(domain, &config));
    let (warm, invoke) = load(config, ports);
    serve(if warmed { warm } else { async {}.boxed_local() }, source, invoke)
}

fn serve(warm: LocalBoxFuture<'static, ()>, source: Rc<Dimensions>, invoke: Invoke) -> Exit {
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
    let served = async {
        if tokio::time::timeout(WARM_UP_LIMIT, warm).await.is_err() {
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
    };
    // In a box: tokio polls it in several places, and its code would stand in each of them.
    runtime.block_on(served.boxed_local())
}

/// Without serde's message, which could quote the event.
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
        deadline: started + left.saturating_sub(ANSWER_MARGIN),
    }
}
