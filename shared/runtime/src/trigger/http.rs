//! Functions that answer HTTP requests, from API Gateway or a function URL.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use model::id::CorrelationId;
use model::{Error, Kind, Result};
use serde_json::value::{RawValue, to_raw_value};

use super::cx::{Cx, Time};
use super::domain::Domain;
use super::function::{Function, Invocation, Output, Trigger};
use super::log::{self, Ended};
use super::route::{Access, Route};
use crate::http::caller::Identity;
use crate::http::document::{self, Input, Media, Parts};
use crate::http::problem::Family;
use crate::http::reply::{Render, Rendered};
use crate::port::clock::Clock;
use crate::port::metric;
use crate::transport::CORRELATION;
use crate::work::idempotency::{self, Claimed, Earlier};
use crate::work::quota::{CallerMinute, DEFAULT_QUOTA};

/// The handler with its input read, still to be run.
type Prepared<E> = Box<dyn FnOnce(Cx<E>) -> BoxFuture<'static, Result<Rendered>> + Send>;
/// Reads a handler's input and checks that its caller may send it. It runs before anything is claimed, the handler after. An
/// input may be a body that the handler still has to parse.
type Prepare<E> = Box<dyn Fn(&Parts, &<E as Domain>::Caller) -> Result<Prepared<E>> + Send + Sync>;

/// Checks the caller of a request whose response is stored.
type Recheck<E> = Box<dyn Fn(&Parts, Cx<E>) -> Result<BoxFuture<'static, Result<()>>> + Send + Sync>;

/// A handler whose callers are still to be declared. Without them it is no function.
pub struct Undeclared<E: Domain> {
    prepare: Prepare<E>,
    media: Media,
    pattern: Option<&'static str>,
}

/// An HTTP function: a handler and what goes around it.
pub struct Http<E: Domain> {
    prepare: Prepare<E>,
    media: Media,
    access: Access<E>,
    idempotent: bool,
    recheck: Option<Recheck<E>>,
    calls_partner: bool,
    limit: usize,
    statuses: &'static [(Kind, u16)],
    pattern: Option<&'static str>,
}

/// A function that answers HTTP requests.
pub fn http<E, H, I, F, A>(handler: H) -> Undeclared<E>
where
    E: Domain,
    H: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
    I: Input + Send + 'static,
    F: Future<Output = Result<A>> + Send + 'static,
    A: Render + 'static,
{
    permitted(|_: &E::Caller, _: &I| Ok(()), handler)
}

/// A function whose callers may send only what `permit` admits. It refuses before the key is claimed, so that a caller that
/// lost a role gets no replay either.
pub fn permitted<E, P, H, I, F, A>(permit: P, handler: H) -> Undeclared<E>
where
    E: Domain,
    P: Fn(&E::Caller, &I) -> Result<()> + Send + Sync + 'static,
    H: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
    I: Input + Send + 'static,
    F: Future<Output = Result<A>> + Send + 'static,
    A: Render + 'static,
{
    let handler = Arc::new(handler);
    Undeclared {
        prepare: Box::new(move |parts: &Parts, caller: &E::Caller| {
            let (handler, input) = (Arc::clone(&handler), I::read(parts)?);
            permit(caller, &input)?;
            let run = move |cx| -> BoxFuture<'static, Result<Rendered>> {
                let answer = handler(cx, input);
                Box::pin(async move { answer.await?.render() })
            };
            Ok(Box::new(run))
        }),
        media: I::MEDIA,
        pattern: None,
    }
}

/// A function that takes a partner's webhooks. Its handler verifies the signature over the raw bytes. Function URLs have no
/// path parameters, so the pattern is given here too.
pub fn webhook<E, H, I, F, A>(pattern: &'static str, handler: H) -> Undeclared<E>
where
    E: Domain,
    H: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
    I: Input + Send + 'static,
    F: Future<Output = Result<A>> + Send + 'static,
    A: Render + 'static,
{
    Undeclared {
        pattern: Some(pattern),
        ..http(handler)
    }
}

impl<E: Domain> Undeclared<E> {
    /// Admits callers that hold this right.
    pub fn callers(self, right: <E::Caller as Identity>::Right) -> Http<E> {
        self.declared(Access::Callers(right))
    }

    /// Admits callers without credentials.
    pub fn public(self) -> Http<E> {
        self.declared(Access::Public)
    }

    fn declared(self, access: Access<E>) -> Http<E> {
        Http {
            prepare: self.prepare,
            media: self.media,
            access,
            idempotent: false,
            recheck: None,
            calls_partner: false,
            limit: document::LIMIT,
            statuses: &[],
            pattern: self.pattern,
        }
    }
}

impl<E: Domain> Http<E> {
    /// Honours `Idempotency-Key`.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self {
            idempotent: true,
            ..self
        }
    }

    /// Repeats a stored response only to a caller that `check` still admits: for rights that the handler reads from the store.
    #[must_use]
    pub fn repeated_if<C, I, F>(self, check: C) -> Self
    where
        C: Fn(Cx<E>, I) -> F + Send + Sync + 'static,
        I: Input,
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let recheck = move |parts: &Parts, cx| -> Result<BoxFuture<'static, Result<()>>> {
            let checked = check(cx, I::read(parts)?);
            Ok(Box::pin(checked))
        };
        Self {
            recheck: Some(Box::new(recheck)),
            ..self
        }
    }

    /// Its requests become requests to a partner, at once or by a worker, so each caller has a quota of them. The handler counts
    /// them with [`Cx::counted`].
    #[must_use]
    pub fn calls_partner(self) -> Self {
        Self {
            calls_partner: true,
            ..self
        }
    }

    /// Takes bodies of up to this many bytes instead of 1 MiB.
    #[must_use]
    pub fn limit(self, bytes: usize) -> Self {
        Self { limit: bytes, ..self }
    }

    /// Answers these failures with other statuses than the table in `model::error` has.
    #[must_use]
    pub fn statuses(self, statuses: &'static [(Kind, u16)]) -> Self {
        Self { statuses, ..self }
    }

    /// The domain's problems with this route's own statuses.
    fn family(&self) -> Family {
        E::FAMILY.with(self.statuses)
    }

    /// One request. Never fails: a failure is a response too.
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
        let mut rendered = match result.as_ref() {
            Ok(rendered) => rendered.clone(),
            Err(error) => self
                .family()
                .render(error, correlation)
                .unwrap_or_else(|_| Rendered::empty(StatusCode::INTERNAL_SERVER_ERROR)),
        };
        if let Some(counter) = result.as_ref().err().and_then(|error| self.refusal(error.kind)) {
            metric::count(counter, 1);
        }
        let ended = Ended {
            route: &route,
            caller: caller.as_deref(),
            correlation,
            status: rendered.status.as_u16(),
            error: result.as_ref().err(),
        };
        log::write(&ended, self.family(), time);
        if rendered.status == StatusCode::METHOD_NOT_ALLOWED && self.pattern.is_some() {
            rendered.headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        rendered.headers.insert(CORRELATION, text(&correlation.to_string()));
        rendered
            .headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        response(rendered, method == Method::HEAD)
    }

    /// The counter of a caller without a valid credential: many of them are an attack, or a secret that only one side changed.
    fn refusal(&self, kind: Kind) -> Option<&'static str> {
        match (self.pattern, kind) {
            (Some(_), Kind::Unauthenticated | Kind::NotFound) => Some("RefusedWebhooks"),
            (None, Kind::Unauthenticated) => Some("RefusedCredentials"),
            _ => None,
        }
    }

    /// The caller's id, for the log, and the response.
    async fn call(
        &self,
        env: Arc<E>,
        clock: Clock,
        time: Time,
        correlation: CorrelationId,
        event: ApiGatewayV2httpRequest,
    ) -> (Option<String>, Result<Rendered>) {
        // Function URLs pass on every method.
        if self.pattern.is_some() && event.request_context.http.method != Method::POST {
            return (
                None,
                Err(Error::new(Kind::MethodNotAllowed, "Only POST is possible here.")),
            );
        }
        let caller = match self.access {
            Access::Public => E::Caller::anonymous(),
            Access::Callers(_) => match env.caller(&event.headers, clock.now()).await {
                Ok(caller) => caller,
                Err(error) => return (None, Err(error)),
            },
        };
        let id = Some(caller.id()).filter(|id| !id.is_empty()).map(Into::into);
        let right = match self.access {
            Access::Public => None,
            Access::Callers(right) => Some(right),
        };
        if let Some(right) = right
            && let Err(error) = caller.must_hold(right)
        {
            return (id, Err(error));
        }
        let cx = Cx {
            env,
            caller,
            right,
            method: event.request_context.http.method.clone(),
            path: event.raw_path.clone().unwrap_or_default(),
            headers: event.headers.clone(),
            correlation,
            clock,
            started: time.started,
            deadline: time.deadline,
            deliveries: 0,
            family: self.family(),
            claim: None,
            minute: None,
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
        let prepared = (self.prepare)(&parts, &cx.caller)?;
        if self.calls_partner {
            let minute = caller_minute(&cx, event.route_key.as_deref().unwrap_or_default())?;
            cx.env.common().quota.check(&minute, cx.now())?;
            cx.minute = Some(minute);
        }
        let key = if self.idempotent {
            idempotency::key(&event.headers)?
        } else {
            None
        };
        if let Some(key) = key {
            let route = filled(event.route_key.as_deref().unwrap_or_default(), &parts.path);
            let key = idempotency::locate(cx.env.idempotency_table()?, &route, cx.caller.id(), key);
            let remaining = cx.deadline.saturating_duration_since(tokio::time::Instant::now());
            match idempotency::claim(cx.env.store().as_ref(), key, &body, cx.now(), remaining).await? {
                Claimed::Replay(rendered) => {
                    if let Some(recheck) = &self.recheck {
                        recheck(&parts, cx)?.await?;
                    }
                    return Ok(rendered);
                }
                Claimed::Run(claim) => cx.claim = Some(claim),
            }
        }
        let (env, clock, claim) = (Arc::clone(&cx.env), cx.clock, cx.claim.clone());
        let call = AssertUnwindSafe(async move { prepared(cx).await }).catch_unwind();
        let result = call
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Internal, "the handler panicked")));
        let Some(claim) = claim else { return result };
        claim.release_unsettled(env.store().as_ref(), clock.now()).await;
        let mut rendered = result?;
        if claim.earlier == Earlier::Accepted {
            rendered
                .headers
                .insert(idempotency::REPLAYED, HeaderValue::from_static("true"));
        }
        Ok(rendered)
    }
}

impl<E: Domain> From<Http<E>> for Function<E> {
    fn from(http: Http<E>) -> Self {
        Self::new(http)
    }
}

impl<E: Domain> Trigger<E> for Http<E> {
    fn invoke(self: Arc<Self>, call: Invocation<E>, event: Box<RawValue>) -> BoxFuture<'static, Output> {
        Box::pin(async move {
            let event = read(event.get())?;
            to_raw_value(&self.answer(call.env, call.clock, call.time, event).await)
        })
    }

    fn route(&self) -> Option<Route<'_, E>> {
        Some(Route {
            access: &self.access,
            idempotent: self.idempotent,
            calls_partner: self.calls_partner,
            webhook: self.pattern.is_some(),
            media: self.media,
            limit: self.limit,
            family: self.family(),
        })
    }
}

/// A header that HTTP does not allow, such as one with a control character, counts as absent. The gateway may pass it on, and
/// one header must not fail the function.
fn read(event: &str) -> serde_json::Result<ApiGatewayV2httpRequest> {
    serde_json::from_str(event).or_else(|_| {
        let mut event: serde_json::Value = serde_json::from_str(event)?;
        if let Some(headers) = event.get_mut("headers").and_then(serde_json::Value::as_object_mut) {
            headers.retain(|name, value| {
                let value = value.as_str().map(HeaderValue::from_str);
                HeaderName::try_from(name).is_ok() && matches!(value, Some(Ok(_)))
            });
        }
        serde_json::from_value(event)
    })
}

/// What the requests of this caller to this route count for.
fn caller_minute<E: Domain>(cx: &Cx<E>, route: &str) -> Result<CallerMinute> {
    let (table, caller) = (cx.env.idempotency_table()?, &cx.caller);
    let quota = cx.env.common().config.parse("QUOTA_PER_MINUTE", DEFAULT_QUOTA)?;
    let (id, for_many) = (caller.id(), caller.acts_for_many());
    Ok(CallerMinute::new(table, route, id, for_many, quota, cx.now()))
}

/// The gateway encodes bodies that it takes for binary.
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

/// The values of a pattern's `{names}` in a path, not decoded. Empty where the path does not match.
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

/// The route with its path parameters: an idempotency key belongs to one thing and means nothing for another.
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
