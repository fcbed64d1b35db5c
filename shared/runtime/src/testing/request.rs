//! A request that a test sends to a function, and the response.

use std::future::IntoFuture;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use reqwest::Url;
use serde_json::Value;

/// A response.
#[derive(Debug)]
pub struct TestResponse {
    /// Of the request.
    pub path: String,
    pub status: i64,
    pub headers: HeaderMap,
    pub text: String,
    /// The text is base64, which the gateway undoes.
    pub base64: bool,
}

impl TestResponse {
    /// Every response of every function orders browsers to use TLS.
    pub(super) fn of(path: &str, response: ApiGatewayV2httpResponse) -> Self {
        assert!(response.headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        Self {
            path: path.to_owned(),
            status: response.status_code,
            base64: response.is_base64_encoded,
            headers: response.headers,
            text: match response.body {
                Some(Body::Text(text)) => text,
                _ => String::new(),
            },
        }
    }

    /// Null where it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The content of the envelope.
    pub fn data(&self) -> Value {
        self.json().get("data").cloned().unwrap_or_default()
    }

    /// A member that is text, or nothing.
    pub fn text(&self, member: &str) -> String {
        let json = self.json();
        json.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A member of the envelope's content that is text, or nothing.
    pub fn in_data(&self, member: &str) -> String {
        let data = self.data();
        data.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A problem's code.
    pub fn code(&self) -> String {
        self.text("code")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The path to which a reference leads. The client's own address begins with a base path, which the reference must keep.
    #[expect(clippy::expect_used, clippy::panic, reason = "a harness is for tests")]
    pub fn resolve(&self, reference: &str) -> String {
        const BASE: &str = "https://hub.test/base/stage";
        let request = Url::parse(&format!("{BASE}{}", self.path)).expect("an address");
        let found = request.join(reference).expect("a reference");
        let path = found.as_str().strip_prefix(BASE);
        path.unwrap_or_else(|| panic!("{reference} leads to {found}"))
            .to_owned()
    }

    /// The path to which `Location` leads.
    pub fn location(&self) -> Option<String> {
        self.header("location").map(|reference| self.resolve(reference))
    }

    /// The path of the first value that could not be accepted.
    pub fn field(&self) -> String {
        let json = self.json();
        let field = json.pointer("/errors/0/field").and_then(Value::as_str);
        field.unwrap_or_default().to_owned()
    }
}

/// Delivers a request. None if the instance crashed.
pub(super) type Send<'a> =
    Box<dyn FnOnce(ApiGatewayV2httpRequest) -> BoxFuture<'a, Option<TestResponse>> + std::marker::Send + 'a>;

/// A request. Awaiting it sends it.
pub struct TestRequest<'a> {
    event: ApiGatewayV2httpRequest,
    send: Send<'a>,
}

impl<'a> TestRequest<'a> {
    pub(super) fn new(event: ApiGatewayV2httpRequest, send: Send<'a>) -> Self {
        Self { event, send }
    }

    #[must_use]
    #[expect(clippy::expect_used, reason = "a harness is for tests")]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a header's name");
        let value = HeaderValue::from_str(value).expect("a header's value");
        self.event.headers.insert(name, value);
        self
    }

    /// With an idempotency key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// A JSON body, or text in its place.
    #[must_use]
    pub fn body(mut self, body: impl std::fmt::Display) -> Self {
        self.event.body = Some(body.to_string());
        let json = HeaderValue::from_static("application/json");
        self.event.headers.entry(header::CONTENT_TYPE).or_insert(json);
        self
    }

    /// A binary body, encoded as the gateway encodes it.
    #[must_use]
    pub fn bytes(mut self, content_type: &str, body: &[u8]) -> Self {
        self.event.body = Some(BASE64_STANDARD.encode(body));
        self.event.is_base64_encoded = true;
        self.header("content-type", content_type)
    }

    /// Without this header.
    #[must_use]
    pub fn without(mut self, header: &str) -> Self {
        self.event.headers.remove(header);
        self
    }

    /// This value for a parameter of the path, whatever characters it has.
    #[must_use]
    pub fn path(mut self, name: &str, value: &str) -> Self {
        self.event.path_parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The event as it will be delivered, to be changed.
    #[must_use]
    pub fn event(mut self, change: impl FnOnce(&mut ApiGatewayV2httpRequest)) -> Self {
        change(&mut self.event);
        self
    }

    /// The response, or None if the instance crashed.
    pub async fn attempt(self) -> Option<TestResponse> {
        (self.send)(self.event).await
    }
}

impl<'a> IntoFuture for TestRequest<'a> {
    type Output = TestResponse;
    type IntoFuture = BoxFuture<'a, TestResponse>;

    #[expect(clippy::expect_used, reason = "a harness is for tests")]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.attempt().await.expect("the instance crashed") })
    }
}
