//! The verb `http`: a request from API Gateway or a function URL, a handler, an answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Method, header};
use model::id::CorrelationId;
use model::{Error, Kind, Result};

use crate::clock::Clock;
use crate::config::Config;
use crate::cx::{Cx, Time};
use crate::document::{self, Input, Parts};
use crate::domain::{Domain, Identity};
use crate::once::{self, Claimed, Earlier};
use crate::ports::Ports;
use crate::reply::{Answer, Rendered};
use crate::{Exit, launch};

pub const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// An HTTP function: a handler and what goes around it.
pub struct Http<E, H, I, F> {
    handler: H,
    once: bool,
    public: bool,
    limit: usize,
    pattern: Option<&'static str>,
    shape: PhantomData<fn(E, I) -> F>,
}

/// A function that answers HTTP requests from callers its domain knows.
pub fn http<E, H, I, F>(handler: H) -> Http<E, H, I, F> {
    Http {
        handler,
        once: false,
        public: false,
        limit: document::LIMIT,
        pattern: None,
        shape: PhantomData,
    }
}

/// A function that takes a partner's webhooks: whoever calls proves it by a signature, which the handler checks over the
/// raw bytes. Function URLs know no path parameters, so the pattern stands here too.
pub fn webhook<E, H, I, F>(pattern: &'static str, handler: H) -> Http<E, H, I, F> {
    Http {
        public: true,
        pattern: Some(pattern),
        ..http(handler)
    }
}

impl<E, H, I, F, A> Http<E, H, I, F>
where
    E: Domain,
    H: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
    I: Input + Send + 'static,
    F: Future<Output = Result<A>> + Send + 'static,
    A: Answer + 'static,
{
    /// Honours `Idempotency-Key`.
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// Admits callers without credentials.
    #[must_use]
    pub fn public(self) -> Self {
        Self { public: true, ..self }
    }

    /// Takes bodies of up to so many bytes instead of 1 MiB.
    #[must_use]
    pub fn limit(self, bytes: usize) -> Self {
        Self { limit: bytes, ..self }
    }

    pub fn run(self) -> Exit {
        self.run_on(Ports::aws)
    }

    /// With other ports than most functions have.
    pub fn run_on(self, ports: fn(&Config) -> Ports) -> Exit {
        let function = Arc::new(self);
        launch::run(ports, move |env: Arc<E>, event, time| {
            let function = Arc::clone(&function);
            async move { function.answer(env, Clock::System, time, event).await }
        })
    }

    /// One request. Never fails: what goes wrong is an answer too.
    pub async fn answer(
        &self,
        env: Arc<E>,
        clock: Clock,
        time: Time,
        event: ApiGatewayV2httpRequest,
    ) -> ApiGatewayV2httpResponse {
        let given = event
            .headers
            .get(CORRELATION)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let correlation = given.unwrap_or_else(|| CorrelationId::new(clock.now()));
        let method = event.request_context.http.method.clone();
        let route = event.route_key.clone().unwrap_or_default();
        let (caller, result) = self.call(Arc::clone(&env), clock, time, correlation, event).await;
        let caller = caller.map(|caller| env.redactor().hash(&caller));
        let error = result.as_ref().err();
        let code = error.map(|error| E::FAMILY.code(error.kind));
        let mut rendered = match result.as_ref() {
            Ok(rendered) => rendered.clone(),
            Err(error) => E::FAMILY
                .render(error, correlation)
                .unwrap_or_else(|_| Rendered::empty(http::StatusCode::INTERNAL_SERVER_ERROR)),
        };
        let duration = u64::try_from(time.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let line = launch::Line {
            route: &route,
            caller: caller.as_deref(),
            duration,
            code: code.as_deref(),
        };
        line.request(correlation, rendered.status.as_u16(), error);
        rendered.headers.insert(CORRELATION, text(&correlation.to_string()));
        rendered
            .headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        response(rendered, method == Method::HEAD)
    }

    /// The caller's id, for the log, and what came of the request.
    async fn call(
        &self,
        env: Arc<E>,
        clock: Clock,
        time: Time,
        correlation: CorrelationId,
        event: ApiGatewayV2httpRequest,
    ) -> (Option<String>, Result<Rendered>) {
        let caller = if self.public {
            Ok(E::Caller::nobody())
        } else {
            env.caller(&event.headers, clock.now()).await
        };
        let caller = match caller {
            Ok(caller) => caller,
            Err(error) => return (None, Err(error)),
        };
        let id = Some(caller.id()).filter(|id| !id.is_empty()).map(Into::into);
        let cx = Cx {
            env,
            caller,
            method: event.request_context.http.method.clone(),
            path: event.raw_path.clone().unwrap_or_default(),
            headers: event.headers.clone(),
            correlation,
            clock,
            started: time.started,
            deadline: time.deadline,
            deliveries: 0,
            claim: None,
        };
        (id, self.serve(cx, event).await)
    }

    fn path(&self, event: &ApiGatewayV2httpRequest) -> BTreeMap<String, String> {
        match self.pattern {
            Some(pattern) if event.path_parameters.is_empty() => {
                captures(pattern, event.raw_path.as_deref().unwrap_or_default())
            }
            _ => event.path_parameters.clone().into_iter().collect(),
        }
    }

    async fn serve(&self, mut cx: Cx<E>, event: ApiGatewayV2httpRequest) -> Result<Rendered> {
        let body = body(&event)?;
        let parts = Parts {
            path: self.path(&event),
            query: event.raw_query_string.as_deref().unwrap_or_default(),
            content_type: event
                .headers
                .get(header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok()),
            body: Cow::Borrowed(&body),
            limit: self.limit,
        };
        let ask = I::read(&parts)?;
        let key = if self.once { once::key(&event.headers)? } else { None };
        if let Some(key) = key {
            let route = filled(event.route_key.as_deref().unwrap_or_default(), &parts.path);
            let key = once::locate(cx.env.idempotency_table()?, &route, cx.caller.id(), key);
            let remaining = cx.deadline.saturating_duration_since(tokio::time::Instant::now());
            match once::claim(cx.env.store().as_ref(), key, &body, cx.now(), remaining).await? {
                Claimed::Replay(rendered) => return Ok(rendered),
                Claimed::Run(claim) => cx.claim = Some(claim),
            }
        }
        let (env, clock, claim) = (Arc::clone(&cx.env), cx.clock, cx.claim.clone());
        let call = AssertUnwindSafe((self.handler)(cx, ask)).catch_unwind();
        let result = call
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Internal, "the handler panicked")));
        let result = result.and_then(|answer| answer.render());
        let Some(claim) = claim else { return result };
        claim.release_unsettled(env.store().as_ref(), clock.now()).await;
        let mut rendered = result?;
        if claim.earlier == Earlier::Accepted {
            rendered
                .headers
                .insert(once::REPLAYED, HeaderValue::from_static("true"));
        }
        Ok(rendered)
    }
}

/// The gateway passes what it takes for binary in base64.
fn body(event: &ApiGatewayV2httpRequest) -> Result<Vec<u8>> {
    let text = event.body.as_deref().unwrap_or_default();
    if !event.is_base64_encoded {
        return Ok(text.as_bytes().to_vec());
    }
    BASE64_STANDARD
        .decode(text)
        .map_err(|_| Error::new(Kind::Malformed, "The body is not what it says it is."))
}

fn response(rendered: Rendered, head: bool) -> ApiGatewayV2httpResponse {
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = rendered.status.as_u16().into();
    response.headers = rendered.headers;
    response.is_base64_encoded = rendered.base64 && !head;
    response.body = (!head).then_some(Body::Text(rendered.body));
    response
}

/// The `{names}` of a pattern in a path. Nothing where they do not match; nothing is decoded.
fn captures(pattern: &str, path: &str) -> BTreeMap<String, String> {
    let (wanted, given): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let mut found = BTreeMap::new();
    for (wanted, given) in wanted.iter().zip(&given) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => drop(found.insert(name.to_owned(), (*given).to_owned())),
            None if wanted == given => {}
            None => return BTreeMap::new(),
        }
    }
    if wanted.len() == given.len() {
        found
    } else {
        BTreeMap::new()
    }
}

/// The route with what stands in its path: a key that was used for one thing means nothing for another.
fn filled(route: &str, path: &BTreeMap<String, String>) -> String {
    path.iter().fold(route.to_owned(), |route, (name, value)| {
        route.replace(&format!("{{{name}}}"), value)
    })
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests;
