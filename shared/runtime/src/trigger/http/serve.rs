//! One request: its caller, its idempotency key, its handler and its response.

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

use super::{Http, Permit};
use crate::http::caller::Identity;
use crate::http::document::Parts;
use crate::http::reference::relative;
use crate::http::reply::Rendered;
use crate::port::clock::Clock;
use crate::port::metric;
use crate::transport::CORRELATION;
use crate::trigger::cx::{Cx, Time};
use crate::trigger::domain::Domain;
use crate::trigger::function::{Invocation, Output, Trigger};
use crate::trigger::log::{self, Ended};
use crate::trigger::route::{Access, Route};
use crate::work::idempotency::{self, Claimed, Earlier, Fingerprint};
use crate::work::quota::{CallerMinute, DEFAULT_QUOTA};

/// A year. Browsers ignore it where TLS is absent, as on the local stack. Subdomains are left out: the API has no cookies that
/// one could set, and the domain that it is mapped to may have others that are not the hub's.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

impl<E: Domain> Http<E> {
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
        let path = requested(&event);
        let (caller, result) = self.call(Arc::clone(&env), clock, time, correlation, event).await;
        let from_here = |to: &str| {
            path.as_deref()
                .filter(|_| to.starts_with('/'))
                .map(|path| relative(path, to))
        };
        let result = result.map_err(|error| error.map_alternative(from_here));
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
        let location = rendered.headers.get(header::LOCATION).and_then(|to| to.to_str().ok());
        if let Some(location) = location.and_then(from_here) {
            rendered.headers.insert(header::LOCATION, text(&location));
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
        rendered.headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
        rendered
            .headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        response(rendered, method == Method::HEAD)
    }

    /// The counter of a caller without a valid credential: many of them are an attack, or a secret that only one side changed.
    pub(super) fn refusal(&self, kind: Kind) -> Option<&'static str> {
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
                Err(Error::new(Kind::MethodNotAllowed, "This address takes POST only.")),
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

    /// The route with its path parameters, as their types write them: an idempotency key belongs to one thing and means nothing
    /// for another.
    fn filled(&self, route: &str, path: &BTreeMap<String, String>) -> String {
        path.iter().fold(route.to_owned(), |route, (name, value)| {
            let canonical = self.paths.iter().find(|(typed, _)| typed == name);
            let canonical = canonical.and_then(|(_, canonical)| canonical(value));
            route.replace(&format!("{{{name}}}"), canonical.as_deref().unwrap_or(value))
        })
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
            content_encoding: event
                .headers
                .get(header::CONTENT_ENCODING)
                .map(|value| value.to_str().unwrap_or("unreadable")),
            body: Cow::Borrowed(&body),
            limit: self.limit,
        };
        let prepared = (self.prepare)(&parts, &cx.caller)?;
        if self.calls_partner {
            let minute = caller_minute(&cx, event.route_key.as_deref().unwrap_or_default())?;
            cx.env.common().quota.check(&minute, cx.now())?;
            cx.minute = Some(minute);
        }
        let key = if self.idempotent && prepared.permit == Permit::Run {
            idempotency::key(&event.headers)?
        } else {
            None
        };
        if let Some(key) = key {
            let route = self.filled(event.route_key.as_deref().unwrap_or_default(), &parts.path);
            let fingerprint = Fingerprint::of(parts.query, &body);
            let key = idempotency::locate(cx.env.idempotency_table()?, &route, cx.caller.id(), key);
            let remaining = cx.deadline.saturating_duration_since(tokio::time::Instant::now());
            match idempotency::claim(cx.env.store().as_ref(), key, fingerprint, cx.now(), remaining).await? {
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
        let call = AssertUnwindSafe(async move { (prepared.run)(cx).await }).catch_unwind();
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
            paths: self.paths.iter().map(|(name, _)| *name).collect(),
            webhook: self.pattern.is_some(),
            media: self.media,
            limit: self.limit,
            family: self.family(),
        })
    }
}

/// A header that HTTP does not allow, such as one with a control character, counts as absent. The gateway may pass it on, and
/// one header must not fail the function.
pub(super) fn read(event: &str) -> serde_json::Result<ApiGatewayV2httpRequest> {
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
        .map_err(|_| Error::new(Kind::Malformed, "The body is not valid base64."))
}

fn response(mut rendered: Rendered, head: bool) -> ApiGatewayV2httpResponse {
    let mut response = ApiGatewayV2httpResponse::default();
    // The gateway counts the bytes of the body that it gets, and a HEAD has the length of its GET.
    if head && rendered.status.is_success() {
        rendered
            .headers
            .insert(header::CONTENT_LENGTH, length(&rendered).into());
    }
    response.status_code = rendered.status.as_u16().into();
    response.headers = rendered.headers;
    response.is_base64_encoded = rendered.base64 && !head;
    response.body = (!head).then_some(Body::Text(rendered.body));
    response
}

/// In bytes, as the client gets the body.
fn length(rendered: &Rendered) -> usize {
    let body = &rendered.body;
    if rendered.base64 {
        let padding = body.bytes().rev().take_while(|byte| *byte == b'=').count();
        return (body.len() / 4 * 3).saturating_sub(padding);
    }
    body.len()
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

/// The path that was requested, with its pattern's `{names}` and without a base path. None if no route took the request.
fn requested(event: &ApiGatewayV2httpRequest) -> Option<String> {
    let (_, pattern) = event.route_key.as_deref()?.split_once(' ')?;
    // A path that ends with a slash has its own relative references.
    let is_slashed = event.raw_path.as_deref().is_some_and(|path| path.ends_with('/'));
    let end = if is_slashed { "/" } else { "" };
    Some(format!("{}{end}", pattern.trim_end_matches('/')))
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}
