//! What every HTTP function does around its handler.

use std::time::Duration;

use garde::Validate;
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::*;
use crate::config::Config;
use crate::domain::Common;
use crate::ports::Ports;
use crate::problem::{Family, Shape};
use crate::reply::Reply;
use crate::testing::{World, within};

struct Env(Common);

#[derive(Clone)]
struct Somebody(String);

impl Identity for Somebody {
    fn nobody() -> Self {
        Self(String::new())
    }

    fn id(&self) -> &str {
        &self.0
    }
}

impl Domain for Env {
    type Caller = Somebody;
    const FAMILY: Family = Family {
        partner: "partner",
        challenge: "Test",
        statuses: &[],
        shape: Shape::Hub,
    };

    fn load(config: Config, ports: Ports) -> Self {
        Self(Common::new(config, ports))
    }

    async fn caller(&self, headers: &HeaderMap, _: Timestamp) -> Result<Somebody> {
        let name = headers.get("x-name").and_then(|value| value.to_str().ok());
        name.map(|name| Somebody(name.into()))
            .ok_or_else(|| Error::new(Kind::Unauthenticated, "who?"))
    }

    async fn warm(&self) {}

    fn common(&self) -> &Common {
        &self.0
    }
}

#[derive(Deserialize, Validate)]
struct Ask {
    #[garde(skip)]
    what: String,
}

#[derive(Serialize)]
struct Told {
    caller: String,
    what: String,
}

async fn tell(cx: Cx<Env>, ask: Ask) -> Result<Reply<Told>> {
    match ask.what.as_str() {
        "panic" => panic!("on purpose"),
        "fail" => Err(Error::new(Kind::Unavailable, "the inner reason")),
        _ => Ok(Reply::created(Told {
            caller: cx.caller.0,
            what: ask.what,
        })),
    }
}

async fn ask<F>(
    world: &World,
    function: Http<Env, impl Fn(Cx<Env>, Ask) -> F + Send + Sync + 'static, Ask, F>,
    headers: &[(&str, &str)],
    what: &str,
) -> (i64, HeaderMap, String)
where
    F: Future<Output = Result<Reply<Told>>> + Send + 'static,
{
    let mut event = ApiGatewayV2httpRequest::default();
    event.request_context.http.method = Method::POST;
    event.route_key = Some("POST /tell".into());
    event.raw_query_string = Some(format!("what={what}"));
    for (name, value) in headers {
        event.headers.insert(
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    let env = Arc::new(Env::load(
        [("IDEMPOTENCY_TABLE", "keys")].into_iter().collect(),
        world.ports(),
    ));
    let response = function
        .answer(env, Clock::System, within(Duration::from_secs(5)), event)
        .await;
    let Some(Body::Text(text)) = response.body else {
        panic!("no text")
    };
    (response.status_code, response.headers, text)
}

#[tokio::test]
async fn callers_are_known_unless_the_function_is_public() {
    let world = World::default();
    let (status, headers, text) = ask(&world, http(tell), &[("x-name", "ann")], "x").await;
    assert_eq!((status, text.as_str()), (201, r#"{"caller":"ann","what":"x"}"#));
    assert_eq!(headers["cache-control"], "no-store");
    let (status, headers, _) = ask(&world, http(tell), &[], "x").await;
    assert_eq!((status, headers["www-authenticate"].to_str().unwrap()), (401, "Test"));
    assert_eq!(
        ask(&world, http(tell).public(), &[], "x").await.2,
        r#"{"caller":"","what":"x"}"#
    );
}

#[tokio::test]
async fn a_correlation_id_is_taken_if_it_is_one_and_made_otherwise() {
    let world = World::default();
    let id = "0190d5a0-0000-7000-8000-00000000000a";
    let headers = ask(&world, http(tell).public(), &[("x-correlation-id", id)], "x")
        .await
        .1;
    assert_eq!(headers[CORRELATION], id);
    let headers = ask(&world, http(tell).public(), &[("x-correlation-id", "a\"b")], "x")
        .await
        .1;
    assert!(headers[CORRELATION].to_str().unwrap().parse::<CorrelationId>().is_ok());
}

#[tokio::test]
async fn our_failures_keep_their_reasons_to_themselves() {
    let world = World::default();
    for (what, status) in [("panic", 500), ("fail", 503)] {
        let (seen, headers, text) = ask(&world, http(tell).public(), &[], what).await;
        assert_eq!(
            (seen, headers["content-type"].to_str().unwrap()),
            (status, "application/problem+json")
        );
        assert!(
            text.contains("traceId") && !text.contains("inner") && !text.contains("purpose"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_handler_that_fails_or_panics_frees_its_key() {
    let world = World::default();
    for what in ["panic", "fail", "panic"] {
        let (status, _, text) = ask(
            &world,
            http(tell).once(),
            &[("x-name", "ann"), ("idempotency-key", what)],
            what,
        )
        .await;
        assert!(status >= 500, "{text}");
    }
}
