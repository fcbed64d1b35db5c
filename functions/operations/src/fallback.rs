//! `$default`: what no route matches is 404, or 405 with `Allow` where the path is known, or 308 to the path's own form.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use http::{HeaderValue, StatusCode, header};
use model::{Error, Kind, Result};
use runtime::reply::Rendered;
use runtime::{Cx, Domain, Input};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Env;

/// The hub's routes are what its API document lists; a test holds the document to the handlers.
pub const DOCUMENT: &str = include_str!("../openapi.json");

#[derive(Deserialize)]
struct Document {
    /// By path pattern, then by method in lower case.
    paths: BTreeMap<String, BTreeMap<String, IgnoredAny>>,
}

/// Whatever was sent is not read: no route takes it. Only who is sent on takes the query along.
pub struct Anything {
    query: String,
}

impl Input for Anything {
    fn read(parts: &runtime::Parts) -> Result<Self> {
        Ok(Self {
            query: parts.query.to_owned(),
        })
    }
}

pub async fn fallback(cx: Cx<Env>, sent: Anything) -> Result<Rendered> {
    let plain = cx.path.strip_suffix('/').filter(|plain| !plain.is_empty());
    if let Some(methods) = plain.and_then(methods)
        && methods.contains(&cx.method.as_str().to_owned())
    {
        return redirect(plain.unwrap_or_default(), &sent.query);
    }
    let Some(methods) = methods(plain.unwrap_or(&cx.path)) else {
        return Err(Error::new(Kind::NotFound, "There is no such route."));
    };
    let refused = Error::new(Kind::MethodNotAllowed, "This route does not take that method.");
    let mut rendered = Env::FAMILY.render(&refused, cx.correlation)?;
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        rendered.headers.insert(header::ALLOW, allow);
    }
    Ok(rendered)
}

fn redirect(path: &str, query: &str) -> Result<Rendered> {
    let to = if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    };
    let location = HeaderValue::from_str(&to).map_err(|_| Error::new(Kind::NotFound, "There is no such route."))?;
    let mut rendered = Rendered::empty(StatusCode::PERMANENT_REDIRECT);
    rendered.headers.insert(header::LOCATION, location);
    Ok(rendered)
}

/// The methods of the route that `path` belongs to, upper case.
fn methods(path: &str) -> Option<Vec<String>> {
    static ROUTES: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    let routes = ROUTES.get_or_init(|| {
        let document = serde_json::from_str(DOCUMENT).unwrap_or(Document { paths: BTreeMap::new() });
        let upper = |methods: BTreeMap<String, IgnoredAny>| {
            methods.into_keys().map(|method| method.to_ascii_uppercase()).collect()
        };
        document
            .paths
            .into_iter()
            .map(|(path, methods)| (path, upper(methods)))
            .collect()
    });
    // A literal route goes before one with parameters, as in the gateway.
    routes
        .get(path)
        .or_else(|| {
            routes
                .iter()
                .find(|(pattern, _)| matches(pattern, path))
                .map(|(_, methods)| methods)
        })
        .cloned()
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(found)) if expected == found => {}
            (Some(expected), Some(found)) if expected.starts_with('{') && !found.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
    use runtime::clock::Clock;
    use runtime::testing::{World, within};

    use super::*;

    async fn ask(method: &str, path: &str, query: &str) -> ApiGatewayV2httpResponse {
        let env = Arc::new(Env::load(Default::default(), World::default().ports()));
        let mut event: ApiGatewayV2httpRequest =
            serde_json::from_str(include_str!("../../../events/operations-fallback.json")).unwrap();
        event.raw_path = Some(path.into());
        event.raw_query_string = Some(query.into());
        event.request_context.http.method = method.parse().unwrap();
        runtime::http(fallback)
            .public()
            .answer(env, Clock::System, within(Duration::from_secs(3)), event)
            .await
    }

    #[tokio::test]
    async fn unknown_paths_are_not_found() {
        for path in [
            "/",
            "/nope",
            "/api/integration/quotes",
            "/api/integration/quotes//status",
            "/health/x",
        ] {
            let answer = ask("GET", path, "").await;
            assert_eq!(answer.status_code, 404, "{path}");
            assert_eq!(answer.headers.get("content-type").unwrap(), "application/problem+json");
        }
    }

    #[tokio::test]
    async fn known_paths_say_what_they_allow() {
        for (method, path, allow) in [
            ("GET", "/api/integration/quotes/generate", "POST"),
            ("DELETE", "/api/integration/quotes/123/status", "GET"),
            ("POST", "/health", "GET"),
            ("POST", "/health/", "GET"),
        ] {
            let answer = ask(method, path, "").await;
            assert_eq!(answer.status_code, 405, "{method} {path}");
            assert_eq!(answer.headers.get("allow").unwrap(), allow);
        }
    }

    #[tokio::test]
    async fn a_trailing_slash_leads_to_the_route() {
        for (method, path, query, location) in [
            (
                "POST",
                "/api/integration/quotes/generate/",
                "",
                "/api/integration/quotes/generate",
            ),
            (
                "GET",
                "/api/quotes/123/",
                "a=2024-05-22T15%3A21%3A05%2B02%3A00&b=1",
                "/api/quotes/123?a=2024-05-22T15%3A21%3A05%2B02%3A00&b=1",
            ),
        ] {
            let answer = ask(method, path, query).await;
            assert_eq!(answer.status_code, 308, "{path}");
            assert_eq!(answer.headers.get("location").unwrap(), location);
        }
    }
}
