//! A function as one value: what starts it, who may call it, and what it runs.
//!
//! A binary runs it, tests call it, and the API document is completed from it: all of them use the value that the
//! domain's `entry` returns, so that none of them can forget a limit or a role.

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures_util::future::BoxFuture;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use serde_json::value::RawValue;

use super::cx::Time;
use super::domain::Domain;
use super::launch::{self, Exit};
use super::route::Route;
use crate::port::Ports;
use crate::port::clock::Clock;
use crate::port::config::Config;

/// The JSON that Lambda takes back, or why the event could not be read.
pub type Output = Result<Box<RawValue>, serde_json::Error>;

/// What every trigger does with an event as Lambda delivers it. Each also takes its own kind of event in its own type, for
/// tests; the other kinds answer None.
pub(super) trait Trigger<E: Domain>: Send + Sync {
    fn invoke(self: Arc<Self>, call: Invocation<E>, event: Box<RawValue>) -> BoxFuture<'static, Output>;

    fn request(
        self: Arc<Self>,
        _: Invocation<E>,
        _: ApiGatewayV2httpRequest,
    ) -> Option<Reply<ApiGatewayV2httpResponse>> {
        None
    }

    fn batch(self: Arc<Self>, _: Invocation<E>, _: SqsEvent) -> Option<Reply<SqsBatchResponse>> {
        None
    }

    fn start(self: Arc<Self>, _: Invocation<E>) -> Option<Reply<bool>> {
        None
    }

    fn route(&self) -> Option<Route<'_, E>> {
        None
    }
}

type Reply<T> = BoxFuture<'static, T>;

/// An instance's environment, and when it is called.
pub struct Invocation<E> {
    pub env: Arc<E>,
    pub clock: Clock,
    pub time: Time,
}

/// One function of the hub.
pub struct Function<E: Domain> {
    pub(super) trigger: Arc<dyn Trigger<E>>,
    pub(super) ports: fn(&Config) -> Ports,
}

impl<E: Domain> Clone for Function<E> {
    fn clone(&self) -> Self {
        Self {
            trigger: Arc::clone(&self.trigger),
            ports: self.ports,
        }
    }
}

impl<E: Domain> Function<E> {
    pub(super) fn new(trigger: impl Trigger<E> + 'static) -> Self {
        Self {
            trigger: Arc::new(trigger),
            ports: Ports::aws,
        }
    }

    /// With other ports than most functions have.
    #[must_use]
    pub fn on(self, ports: fn(&Config) -> Ports) -> Self {
        Self { ports, ..self }
    }

    /// Runs on Lambda until Lambda ends the process.
    pub fn run(self) -> Exit {
        let trigger = self.trigger;
        launch::run(self.ports, move |env: Arc<E>, event, time| {
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

    /// Answers one request, if HTTP requests start this function.
    pub fn request(
        &self,
        call: Invocation<E>,
        event: ApiGatewayV2httpRequest,
    ) -> Option<Reply<ApiGatewayV2httpResponse>> {
        Arc::clone(&self.trigger).request(call, event)
    }

    /// Works through one batch, if a queue starts this function.
    pub fn batch(&self, call: Invocation<E>, event: SqsEvent) -> Option<Reply<SqsBatchResponse>> {
        Arc::clone(&self.trigger).batch(call, event)
    }

    /// Runs once, if a schedule starts this function. True if the run succeeded.
    pub fn start(&self, call: Invocation<E>) -> Option<Reply<bool>> {
        Arc::clone(&self.trigger).start(call)
    }

    /// Who may call this function and how, if HTTP requests start it.
    pub fn route(&self) -> Option<Route<'_, E>> {
        self.trigger.route()
    }
}
