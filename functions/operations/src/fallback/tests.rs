use http::Method;
use runtime::testing::TestResponse;

use crate::testing::harness;

async fn ask(method: &str, path: &str) -> TestResponse {
    let method: Method = method.parse().unwrap();
    harness().call("operations-fallback", &method, path).await
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
        let got = ask("GET", path).await;
        assert_eq!(got.status, 404, "{path}");
        assert_eq!(got.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn a_known_path_names_its_methods() {
    for (method, path, allow) in [
        ("GET", "/api/integration/quotes/generate", "POST"),
        ("DELETE", "/api/integration/quotes/123/status", "GET"),
        ("POST", "/health", "GET, HEAD"),
        ("POST", "/health/", "GET, HEAD"),
    ] {
        let got = ask(method, path).await;
        assert_eq!(got.status, 405, "{method} {path}");
        assert_eq!(got.headers["allow"], allow);
    }
}

#[tokio::test]
async fn a_trailing_slash_is_redirected_to_the_route() {
    for (method, path, location) in [
        (
            "POST",
            "/api/integration/quotes/generate/",
            "/api/integration/quotes/generate",
        ),
        (
            "GET",
            "/api/quotes/123/?a=2024-05-22T15%3A21%3A05%2B02%3A00&b=1",
            "/api/quotes/123?a=2024-05-22T15%3A21%3A05%2B02%3A00&b=1",
        ),
        (
            "GET",
            "/api/customers/a b@example.com/",
            "/api/customers/a%20b@example.com",
        ),
    ] {
        let got = ask(method, path).await;
        assert_eq!(got.status, 308, "{path}");
        assert_eq!(got.location().as_deref(), Some(location));
    }
}

#[tokio::test]
async fn a_base_path_or_a_stage_may_stand_before_the_path() {
    let moved = ask("GET", "/prod/hub/api/quotes/123/?a=1").await;
    assert_eq!(
        (moved.status, moved.location().as_deref()),
        (308, Some("/prod/hub/api/quotes/123?a=1"))
    );
    let refused = ask("POST", "/hub/health").await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(
        ask("GET", "/hub/health").await.status,
        404,
        "the gateway routes this if it exists"
    );
}

#[tokio::test]
async fn a_preflight_gets_a_2xx_on_every_path() {
    for (path, allow) in [
        ("/api/integration/quotes/generate", Some("POST")),
        ("/api/integration/quotes/123/status", Some("GET")),
        ("/health/", Some("GET, HEAD")),
        ("/nope", None),
    ] {
        let got = ask("OPTIONS", path).await;
        assert_eq!((got.status, got.text.as_str()), (204, ""), "{path}");
        let named = got.headers.get("allow").map(|value| value.to_str().unwrap());
        assert_eq!(named, allow, "{path}");
    }
}

#[tokio::test]
async fn a_path_is_refused_in_the_form_of_its_spec() {
    for (method, path, status, title) in [
        ("GET", "/v1/bqs-case", 404, "Not Found"),
        ("GET", "/v1/bqs-case/nope", 404, "Not Found"),
        ("GET", "/v1/bqs-case/nope/", 404, "Not Found"),
        ("DELETE", "/v1/bqs-case/case/7", 405, "Method Not Allowed"),
        ("PATCH", "/v1/bqs-case/management/", 405, "Method Not Allowed"),
    ] {
        let got = ask(method, path).await;
        let problem = got.json();
        assert_eq!(
            (got.status, &problem["title"]),
            (status, &title.into()),
            "{method} {path}"
        );
        let section = format!("https://tools.ietf.org/html/rfc9110#section-15.5.{}", status - 399);
        assert_eq!(problem["type"], section, "{method} {path}");
        assert!(problem["traceId"].as_str().unwrap().starts_with("00-"), "{problem}");
        assert!(
            problem.get("success").is_none() && problem.get("origin").is_none(),
            "{problem}"
        );
        assert_eq!(got.headers.contains_key("allow"), status == 405, "{method} {path}");
    }
    for path in ["/v1/bqs-cases", "/v1", "/api/mmob/nope", "/webhooks/mmob", "/api/nope"] {
        let problem = ask("GET", path).await.json();
        assert_eq!(problem["success"], false, "{path}: {problem}");
    }
}
