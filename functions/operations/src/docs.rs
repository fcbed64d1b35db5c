//! `GET /api-docs` and below: a page to read and try the API, the document it shows, and the files it is made of.

use http::header;
use model::{Error, Result};
use runtime::problem::Problem;
use runtime::{Cx, Page};

use crate::Env;
use crate::fallback::{Anything, DOCUMENT};

/// The page runs what we serve and talks to nobody else. The viewer's style sheet holds its icons as `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page to read and try the API.
#[utoipa::path(
    get,
    path = "/api-docs",
    operation_id = "operations-docs",
    tag = "operations",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
pub async fn docs(cx: Cx<Env>, _: Anything) -> Result<Page> {
    let name = cx.path.split_once("/api-docs").map(|(_, rest)| rest);
    let page = match name.ok_or_else(Error::not_found)? {
        "" => Page::new("text/html; charset=utf-8", include_bytes!("../assets/docs.html"))
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::REFERRER_POLICY, "no-referrer"),
        "/openapi.json" => Page::new("application/json", DOCUMENT.as_bytes()),
        "/docs.js" => Page::new("text/javascript; charset=utf-8", include_bytes!("../assets/docs.js")),
        "/swagger-ui-5.35.0.js" => vendored(
            "text/javascript; charset=utf-8",
            include_bytes!("../assets/swagger-ui-5.35.0/swagger-ui-bundle.js.gz"),
        ),
        "/swagger-ui-5.35.0.css" => vendored(
            "text/css; charset=utf-8",
            include_bytes!("../assets/swagger-ui-5.35.0/swagger-ui.css.gz"),
        ),
        _ => return Err(Error::not_found()),
    };
    Ok(page.header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
}

/// The OpenAPI document of every route.
#[utoipa::path(
    get,
    path = "/api-docs/openapi.json",
    operation_id = "operations-docs-openapi",
    tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
pub fn document() {}

/// A file that the page is made of.
#[utoipa::path(
    get,
    path = "/api-docs/{asset}",
    operation_id = "operations-docs-asset",
    tag = "operations",
    params(("asset" = String, Path, description = "As the page names it")),
    responses(
        (status = 200, description = "The file", content((String = "text/javascript"), (String = "text/css"))),
        (status = 404, description = "Absent", body = Problem, content_type = "application/problem+json"),
    )
)]
pub fn asset() {}

/// A file of the viewer's, compressed. Its name holds its version, so it never changes.
fn vendored(content_type: &'static str, body: &'static [u8]) -> Page {
    Page::new(content_type, body)
        .header(header::CONTENT_ENCODING, "gzip")
        .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
    use aws_lambda_events::encodings::Body;
    use runtime::Domain;
    use runtime::clock::Clock;
    use runtime::testing::{World, within};

    use super::*;

    async fn ask(method: &str, path: &str) -> ApiGatewayV2httpResponse {
        let env = Arc::new(Env::load(Default::default(), World::default().ports()));
        let mut event: ApiGatewayV2httpRequest =
            serde_json::from_str(include_str!("../../../events/operations-docs.json")).unwrap();
        event.raw_path = Some(path.into());
        event.request_context.http.method = method.parse().unwrap();
        runtime::http(docs)
            .public()
            .answer(env, Clock::System, within(Duration::from_secs(3)), event)
            .await
    }

    fn text(answer: &ApiGatewayV2httpResponse) -> &str {
        let Some(Body::Text(text)) = &answer.body else {
            panic!("no text")
        };
        text
    }

    /// What the page asks for, as written in it.
    async fn files() -> Vec<String> {
        let page = ask("GET", "/api-docs").await;
        let quoted = text(&page).split('"').skip(1).step_by(2);
        let files: Vec<String> = quoted
            .filter(|value| value.starts_with("api-docs/"))
            .map(Into::into)
            .collect();
        assert_eq!(files.len(), 4, "{files:?}");
        files
    }

    #[tokio::test]
    async fn the_page_may_run_only_what_we_serve() {
        let answer = ask("GET", "/api-docs").await;
        assert_eq!(answer.status_code, 200);
        assert!(!answer.is_base64_encoded);
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'));
        assert!(!text(&answer).contains("://"), "no other host");
    }

    #[tokio::test]
    async fn the_document_is_the_committed_one() {
        let answer = ask("GET", "/api-docs/openapi.json").await;
        assert_eq!(answer.status_code, 200);
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        let document: serde_json::Value = serde_json::from_str(text(&answer)).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        assert!(document["paths"]["/health"]["get"].is_object());
    }

    #[tokio::test]
    async fn every_file_that_the_page_names_is_there() {
        for file in files().await {
            let answer = ask("GET", &format!("/{file}")).await;
            assert_eq!(answer.status_code, 200, "{file}");
            assert_eq!(answer.headers["x-content-type-options"], "nosniff");
            assert!(!text(&answer).is_empty());
            let vendored = file.contains("swagger-ui");
            assert_eq!(answer.is_base64_encoded, vendored, "{file}");
            assert_eq!(answer.headers.contains_key("content-encoding"), vendored, "{file}");
            let kept = answer.headers["cache-control"].to_str().unwrap();
            assert_eq!(kept.contains("immutable"), vendored, "{file}: {kept}");
            if vendored {
                // The beginning of every gzip file.
                assert!(text(&answer).starts_with("H4sI"), "{file}");
                let kind = if file.ends_with(".css") {
                    "text/css"
                } else {
                    "text/javascript"
                };
                assert_eq!(answer.headers["content-type"], format!("{kind}; charset=utf-8"));
            }
        }
    }

    #[tokio::test]
    async fn nothing_else_is_there() {
        for path in [
            "/api-docs/",
            "/api-docs/api-docs",
            "/api-docs/docs.html",
            "/api-docs/swagger-ui-bundle.js",
            "/api-docs/../openapi.json",
            "/api-docs/openapi.json/",
            "/elsewhere",
        ] {
            let answer = ask("GET", path).await;
            assert_eq!(answer.status_code, 404, "{path}");
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
    }

    #[tokio::test]
    async fn a_head_is_answered_without_a_body() {
        for path in ["/api-docs", "/api-docs/openapi.json", "/api-docs/swagger-ui-5.35.0.css"] {
            let answer = ask("HEAD", path).await;
            assert_eq!((answer.status_code, answer.is_base64_encoded), (200, false), "{path}");
            assert!(answer.body.is_none() && answer.headers.contains_key("content-type"));
        }
    }
}
