//! Functions that a schedule starts. What a run could not finish is due again at the next one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use model::id::CorrelationId;
use model::{Error, Kind, Result};
use serde_json::value::{RawValue, to_raw_value};

use super::cx::{Cx, Time};
use super::domain::Domain;
use super::function::{Function, Invocation, Output, Trigger};
use super::log;
use crate::port::clock::Clock;
use crate::port::metric;

type Handler<E> = Box<dyn Fn(Cx<E>) -> BoxFuture<'static, Result<()>> + Send + Sync>;

struct Schedule<E: Domain> {
    handler: Handler<E>,
}

/// A function that a schedule starts.
pub fn schedule<E, H, F>(handler: H) -> Function<E>
where
    E: Domain,
    H: Fn(Cx<E>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    Function::new(Schedule {
        handler: Box::new(move |cx: Cx<E>| Box::pin(handler(cx))),
    })
}

impl<E: Domain> Schedule<E> {
    /// One run. Answers whether it succeeded; the log has the reason of a failure.
    async fn run(&self, env: Arc<E>, clock: Clock, time: Time) -> bool {
        let correlation = CorrelationId::new(clock.now());
        let cx = Cx::for_message(env, correlation, clock, time, 0);
        let call = AssertUnwindSafe(async { (self.handler)(cx).await }).catch_unwind();
        let result = call
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Internal, "the handler panicked")));
        let error = result.err();
        if error.is_some() {
            metric::count("FailedRuns", 1);
        }
        log::write_background("schedule", correlation, error.as_ref(), E::FAMILY, time);
        error.is_none()
    }
}

impl<E: Domain> Trigger<E> for Schedule<E> {
    fn invoke(self: Arc<Self>, call: Invocation<E>, _: Box<RawValue>) -> BoxFuture<'static, Output> {
        Box::pin(async move { to_raw_value(&self.run(call.env, call.clock, call.time).await) })
    }
}
