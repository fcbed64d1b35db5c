use http::Method;
use runtime::testing::TestResponse;

use crate::testing::harness;

async fn ask(method: &Method, path: &str) -> TestResponse {
    harness().call("operations-docs", method, path).await
}

async fn get(path: &str) -> TestResponse {
    ask(&Method::GET, path).await
}

/// The files that the page requests, as written in it.
async fn files() -> Vec<String> {
    let page = get("/api-docs").await;
    let quoted = page.text.split('"').skip(1).step_by(2);
    let files: Vec<String> = quoted
        .filter(|value| value.starts_with("api-docs/"))
        .map(Into::into)
        .collect();
    assert_eq!(files.len(), 4, "{files:?}");
    files
}

#[tokio::test]
async fn the_page_may_run_only_scripts_of_the_hub() {
    let got = get("/api-docs").await;
    assert_eq!(got.status, 200);
    assert!(!got.base64);
    assert_eq!(got.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(got.headers["x-content-type-options"], "nosniff");
    assert_eq!(got.headers["referrer-policy"], "no-referrer");
    let policy = got.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'));
    assert!(!got.text.contains("://"), "no other host");
}

#[tokio::test]
async fn the_document_is_the_committed_one() {
    let got = get("/api-docs/openapi.json").await;
    assert_eq!(got.status, 200);
    assert_eq!(got.headers["content-type"], "application/json");
    assert_eq!(got.headers["x-content-type-options"], "nosniff");
    let document = got.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/health"]["get"].is_object());
}

#[tokio::test]
async fn every_file_that_the_page_names_is_served() {
    for file in files().await {
        let got = get(&format!("/{file}")).await;
        assert_eq!(got.status, 200, "{file}");
        assert_eq!(got.headers["x-content-type-options"], "nosniff");
        assert!(!got.text.is_empty());
        let vendored = file.contains("swagger-ui");
        assert_eq!(got.base64, vendored, "{file}");
        assert_eq!(got.headers.contains_key("content-encoding"), vendored, "{file}");
        let kept = got.header("cache-control").unwrap();
        assert_eq!(kept.contains("immutable"), vendored, "{file}: {kept}");
        if vendored {
            // The beginning of every gzip file.
            assert!(got.text.starts_with("H4sI"), "{file}");
            let kind = if file.ends_with(".css") {
                "text/css"
            } else {
                "text/javascript"
            };
            assert_eq!(got.headers["content-type"], format!("{kind}; charset=utf-8"));
        }
    }
}

#[tokio::test]
async fn other_paths_are_absent() {
    for path in [
        "/api-docs/",
        "/api-docs/api-docs",
        "/api-docs/docs.html",
        "/api-docs/swagger-ui-bundle.js",
        "/api-docs/../openapi.json",
        "/api-docs/openapi.json/",
        "/elsewhere",
    ] {
        let got = get(path).await;
        assert_eq!(got.status, 404, "{path}");
        assert_eq!(got.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn a_head_is_answered_without_a_body() {
    for path in ["/api-docs", "/api-docs/openapi.json", "/api-docs/swagger-ui-5.35.0.css"] {
        let got = ask(&Method::HEAD, path).await;
        assert_eq!((got.status, got.base64), (200, false), "{path}");
        assert!(got.text.is_empty() && got.headers.contains_key("content-type"));
    }
}
