//! A request as somebody with a token sends it, and what they get.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use model::Result;
use serde_json::{Value, json};

use super::{KEY, claims, within};
use crate::clock::Clock;
use crate::document::Input;
use crate::domain::Domain;
use crate::gateway::Http;
use crate::reply::Answer;

/// No function over HTTP has longer.
const LIMIT: Duration = Duration::from_secs(29);

/// What a caller got.
#[derive(Debug)]
pub struct Got {
    pub status: i64,
    pub headers: HeaderMap,
    pub text: String,
}

impl Got {
    fn of(response: ApiGatewayV2httpResponse) -> Self {
        Self {
            status: response.status_code,
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

    /// What stands in the envelope.
    pub fn data(&self) -> Value {
        self.json().get("data").cloned().unwrap_or_default()
    }

    pub fn text(&self, member: &str) -> String {
        let json = self.json();
        json.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The first value that could not be accepted, by its path.
    pub fn field(&self) -> String {
        let json = self.json();
        let field = json.pointer("/errors/0/field").and_then(Value::as_str);
        field.unwrap_or_default().to_owned()
    }
}

/// An HTTP request, from its function's sample event, by an admin unless said otherwise.
pub struct Ask {
    event: ApiGatewayV2httpRequest,
    roles: Option<&'static [&'static str]>,
}

impl Ask {
    /// What is no event becomes an empty request.
    pub fn sample(text: &str) -> Self {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(text).unwrap_or_default();
        event.headers.remove("authorization");
        Self {
            event,
            roles: Some(&["admin"]),
        }
    }

    /// None sends no token.
    #[must_use]
    pub fn roles(self, roles: Option<&'static [&'static str]>) -> Self {
        Self { roles, ..self }
    }

    #[must_use]
    pub fn body(mut self, body: &Value) -> Self {
        self.event.body = Some(body.to_string());
        self
    }

    /// The sample's body with one text in place of another.
    #[must_use]
    pub fn replaced(mut self, from: &str, to: &str) -> Self {
        self.event.body = self.event.body.map(|body| body.replace(from, to));
        self
    }

    /// The sample's body with one member changed.
    #[must_use]
    pub fn with(self, member: &str, value: Value) -> Self {
        let body = self.event.body.as_deref().unwrap_or_default();
        let mut body: serde_json::Map<String, Value> = serde_json::from_str(body).unwrap_or_default();
        body.insert(member.to_owned(), value);
        self.body(&Value::Object(body))
    }

    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        if let Ok(key) = HeaderValue::from_str(key) {
            self.event.headers.insert("idempotency-key", key);
        }
        self
    }

    #[must_use]
    pub fn path(mut self, name: &str, value: &str) -> Self {
        self.event.path_parameters.insert(name.into(), value.into());
        self
    }

    #[must_use]
    pub fn query(mut self, query: &str) -> Self {
        self.event.raw_query_string = Some(query.into());
        self
    }

    fn signed(mut self, now: Timestamp) -> Result<ApiGatewayV2httpRequest> {
        if let Some(roles) = self.roles {
            let claims = claims("ann", "ann@example.com", roles, now);
            let token = KEY.sign(&json!({"alg": "RS256", "typ": "JWT"}), &claims)?;
            if let Ok(bearer) = HeaderValue::from_str(&format!("Bearer {token}")) {
                self.event.headers.insert("authorization", bearer);
            }
        }
        Ok(self.event)
    }

    /// What a function answers to it.
    pub async fn of<E, H, I, F, A>(self, function: Http<E, H, I, F>, env: &Arc<E>, clock: Clock) -> Result<Got>
    where
        E: Domain,
        H: Fn(crate::Cx<E>, I) -> F + Send + Sync + 'static,
        I: Input + Send + 'static,
        F: Future<Output = Result<A>> + Send + 'static,
        A: Answer + 'static,
    {
        let event = self.signed(clock.now())?;
        let answer = function.answer(Arc::clone(env), clock, within(LIMIT), event);
        Ok(Got::of(answer.await))
    }
}
