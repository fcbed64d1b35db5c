//! The verb `schedule`: work that the clock asks for.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use model::id::CorrelationId;
use model::{Error, Kind, Result};
use serde::de::IgnoredAny;

use crate::clock::Clock;
use crate::config::Config;
use crate::cx::{Cx, Time};
use crate::domain::Domain;
use crate::ports::Ports;
use crate::{Exit, launch};

/// A function that a schedule starts. What it could not do is due again at its next start.
pub struct Schedule<E, H, F> {
    handler: H,
    shape: PhantomData<fn(E) -> F>,
}

pub fn schedule<E, H, F>(handler: H) -> Schedule<E, H, F> {
    Schedule {
        handler,
        shape: PhantomData,
    }
}

impl<E, H, F> Schedule<E, H, F>
where
    E: Domain,
    H: Fn(Cx<E>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    pub fn run(self) -> Exit {
        self.run_on(Ports::aws)
    }

    /// With other ports than most functions have.
    pub fn run_on(self, ports: fn(&Config) -> Ports) -> Exit {
        let function = Arc::new(self);
        launch::run(ports, move |env: Arc<E>, _: IgnoredAny, time| {
            let function = Arc::clone(&function);
            async move { function.start(env, Clock::System, time).await }
        })
    }

    /// One start. Whether it went well; what went wrong is in the log.
    pub async fn start(&self, env: Arc<E>, clock: Clock, time: Time) -> bool {
        let correlation = CorrelationId::new(clock.now());
        let cx = Cx::for_message(env, correlation, clock, time, 0);
        let call = AssertUnwindSafe(async { (self.handler)(cx).await }).catch_unwind();
        let result = call
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Internal, "the handler panicked")));
        let error = result.err();
        let code = error.as_ref().map(|error| E::FAMILY.code(error.kind));
        let line = launch::Line {
            route: "schedule",
            caller: None,
            duration: u64::try_from(time.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            code: code.as_deref(),
        };
        let status = error.as_ref().map_or(200, |error| error.kind.rule().status);
        line.request(correlation, status, error.as_ref());
        error.is_none()
    }
}
