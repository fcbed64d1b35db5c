//! A function as one value: what starts it, who may call it, and what it runs.
//!
//! A binary runs it, tests call it, and the API document is completed from it: all of them use the value that the
//! domain's `entry` returns, so that none of them can forget a limit or a role.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::cx::Time;
use super::domain::Domain;
use super::launch::{self, Exit};
use super::route::Route;
use crate::port::clock::Clock;
use crate::port::config::Config;
use crate::port::{Clients, Ports};

/// The `Timeout` of most functions.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The JSON that Lambda takes back, or why the event could not be read.
pub type Output = Result<Box<RawValue>, serde_json::Error>;

/// What starts a function.
pub(super) trait Trigger<E: Domain>: Send + Sync {
    /// Answers an event as Lambda delivers it.
    fn invoke(self: Arc<Self>, call: Invocation<E>, event: Box<RawValue>) -> BoxFuture<'static, Output>;

    fn route(&self) -> Option<Route<'_, E>> {
        None
    }
}

/// An instance's environment, and when it is called.
pub struct Invocation<E> {
    pub env: Arc<E>,
    pub clock: Clock,
    pub time: Time,
}

/// One function of the hub.
pub struct Function<E: Domain> {
    trigger: Arc<dyn Trigger<E>>,
    clients: Clients,
    timeout: Duration,
}

impl<E: Domain> Clone for Function<E> {
    fn clone(&self) -> Self {
        Self {
            trigger: Arc::clone(&self.trigger),
            ..*self
        }
    }
}

impl<E: Domain> Function<E> {
    pub(super) fn new(trigger: impl Trigger<E> + 'static) -> Self {
        Self {
            trigger: Arc::new(trigger),
            clients: Clients::default(),
            timeout: TIMEOUT,
        }
    }

    /// Publishes events.
    #[must_use]
    pub fn with_bus(self) -> Self {
        Self {
            clients: self.clients.with_bus(),
            ..self
        }
    }

    /// Reads, writes or presigns files.
    #[must_use]
    pub fn with_files(self) -> Self {
        Self {
            clients: self.clients.with_files(),
            ..self
        }
    }

    /// Asks for the scanner's verdict on files.
    #[must_use]
    pub fn with_scanner(self) -> Self {
        Self {
            clients: self.clients.with_scanner(),
            ..self
        }
    }

    /// Scans tables, and deletes rows and every version of files.
    #[must_use]
    pub fn with_eraser(self) -> Self {
        Self {
            clients: self.clients.with_eraser(),
            ..self
        }
    }

    /// With another `Timeout` than most functions.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Runs on Lambda until Lambda ends the process.
    pub fn run(self) -> Exit {
        let clients = self.clients;
        self.run_on(move |config| clients.connect(config))
    }

    /// Runs on Lambda on other ports than the function's own.
    pub fn run_on(self, ports: impl FnOnce(&Config) -> Ports) -> Exit {
        let trigger = self.trigger;
        launch::run(ports, move |env: Arc<E>, event, time| {
            let call = Invocation {
                env,
                clock: Clock::System,
                time,
            };
            Arc::clone(&trigger).invoke(call, event)
        })
    }

    /// Answers one event as Lambda delivers it.
    pub fn answer(&self, call: Invocation<E>, event: Box<RawValue>) -> BoxFuture<'static, Output> {
        Arc::clone(&self.trigger).invoke(call, event)
    }

    /// Who may call this function and how, if HTTP requests start it.
    pub fn route(&self) -> Option<Route<'_, E>> {
        self.trigger.route()
    }

    /// The clients that this function has beside those that every function has.
    pub fn clients(&self) -> Clients {
        self.clients
    }

    /// When Lambda ends an invocation.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }
}
