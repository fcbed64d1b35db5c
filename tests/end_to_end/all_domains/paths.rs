//! Paths and methods: those that no route takes, and a slash at the end.

use http::Method;

use crate::lock::Domain::Operations;
use crate::stack::Stack;
use crate::surface::routes;

/// The spec writes these with a slash at the end.
const SLASHED: [&str; 2] = ["/v1/bqs-case/management", "/v1/bqs-case/message/case"];

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let stack = Stack::shared(&[Operations]).await;
    for (method, path, status, allow) in [
        (Method::GET, "/nope", 404, None),
        (Method::POST, "/api/integration/quotes", 404, None),
        (Method::GET, "/api/integration/quotes/generate", 405, Some("POST")),
        (Method::DELETE, "/api/integration/quotes/x/status", 405, Some("GET")),
        (Method::PUT, "/health", 405, Some("GET, HEAD")),
    ] {
        let got = stack.send(method, path, "", None, &[]).await;
        assert_eq!((got.status, got.header("allow")), (status, allow), "{path}");
        assert_eq!(got.header("content-type"), Some("application/problem+json"));
    }
    for path in ["/health", "/api/health"] {
        let got = stack.send(Method::GET, path, "", None, &[]).await;
        assert_eq!((got.status, got.json()["status"].as_str()), (200, Some("ok")));
    }
}

#[tokio::test]
async fn every_way_in_orders_browsers_to_use_tls() {
    let stack = Stack::shared(&[Operations]).await;
    let of_api = [
        "/health",
        "/api-docs",
        "/nope",
        "/api/mmob/orders",
        "/v1/bqs-case/management",
    ];
    let of_api = of_api.map(|path| format!("{}{path}", stack.base_url()));
    let of_urls = ["fundersWebhook", "mmobOrderWebhook"].map(|name| format!("{}/nope", stack.function_url(name)));
    for url in of_api.iter().chain(&of_urls) {
        let got = stack.send_raw(Method::GET, url, &[], Vec::new()).await;
        let order = got.header("strict-transport-security");
        assert_eq!(order, Some("max-age=31536000"), "{url} {}", got.status);
    }
}

#[tokio::test]
async fn a_path_names_the_methods_that_it_takes() {
    let stack = Stack::shared(&[Operations]).await;
    let routes = routes();
    let known = [
        Method::DELETE,
        Method::GET,
        Method::HEAD,
        Method::PATCH,
        Method::POST,
        Method::PUT,
    ];
    for route in &routes {
        let own = |method: &Method| {
            routes
                .iter()
                .any(|other| other.path == route.path && other.method == *method)
        };
        let allowed: Vec<&str> = known.iter().filter(|method| own(method)).map(Method::as_str).collect();
        for method in known.iter().filter(|method| !own(method)) {
            let got = stack.send(method.clone(), &route.with(&[]), "", None, &[]).await;
            let actual = (got.status, got.header("allow"), got.header("content-type"));
            let wanted = (405, Some(allowed.join(", ")), Some("application/problem+json"));
            assert_eq!(
                actual,
                (wanted.0, wanted.1.as_deref(), wanted.2),
                "{method} {}",
                route.path
            );
        }
    }
}

/// The origin that samconfig.toml gives to local.
const FRONT_END: &str = "http://localhost:3000";

#[tokio::test]
async fn a_page_of_the_front_end_may_call_every_route() {
    let stack = Stack::shared(&[Operations]).await;
    for route in routes() {
        let preflight = async |origin| {
            let headers = [
                ("origin", origin),
                ("access-control-request-method", route.method.as_str()),
                ("access-control-request-headers", "authorization,content-type"),
            ];
            let path = route.with(&[]);
            let got = stack.send(Method::OPTIONS, &path, "", None, &headers).await;
            assert_eq!((got.status, got.text.as_str()), (204, ""), "{}", route.name());
            // The gateway has no correlation ids: the function answered.
            assert!(got.header("x-correlation-id").is_some(), "{}", route.name());
            got
        };
        let got = preflight(FRONT_END).await;
        assert_eq!(got.header("access-control-allow-origin"), Some(FRONT_END));
        let allowed = |header, wanted: &str| got.header(header).unwrap().split(',').any(|each| each == wanted);
        assert!(
            allowed("access-control-allow-methods", route.method.as_str()),
            "{}",
            route.name()
        );
        assert!(
            allowed("access-control-allow-headers", "authorization"),
            "{}",
            route.name()
        );
        let other = preflight("https://elsewhere.example.com").await;
        assert_eq!(other.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn a_slash_at_the_end_is_redirected_or_ignored() {
    let stack = Stack::shared(&[Operations]).await;
    for route in routes() {
        let path = route.with(&[]);
        let send = async |path: &str| stack.send(route.method.clone(), path, "", route.body(), &[]).await;
        let slashed = send(&format!("{path}/?a=1")).await;
        if SLASHED.contains(&route.path.as_str()) {
            assert_eq!(slashed.status, send(&path).await.status, "{}", route.name());
            continue;
        }
        assert_eq!(slashed.status, 308, "{}: {}", route.name(), slashed.text);
        let plain = format!("{}{path}?a=1", stack.base_url());
        assert_eq!(slashed.location(), Some(plain), "{}", route.name());
    }
}

#[tokio::test]
async fn a_reference_keeps_what_stands_before_the_hubs_paths() {
    let stack = Stack::shared(&[Operations]).await;
    let base = stack.base_url();
    let api = base.split('/').rev().nth(1).unwrap();
    let other = format!("{}/restapis/{api}/$default/_user_request_", stack.text("/emulatorUrl"));
    for base in [base.clone(), other] {
        let get = async |url: &str| stack.send_raw(Method::GET, url, &[], Vec::new()).await;
        let moved = get(&format!("{base}/health/?a=1")).await;
        assert_eq!(moved.location(), Some(format!("{base}/health?a=1")), "{}", moved.status);
        assert_eq!(get(&moved.location().unwrap()).await.status, 200);
        let document = get(&format!("{base}/api-docs/openapi.json")).await;
        let server = document.resolve(document.json()["servers"][0]["url"].as_str().unwrap());
        assert_eq!(server, format!("{base}/"));
    }
}

#[tokio::test]
async fn a_head_is_answered_as_its_get_without_a_body() {
    let stack = Stack::shared(&[Operations]).await;
    for path in ["/api-docs", "/api-docs/openapi.json", "/health", "/api/health"] {
        let [get, head] = [Method::GET, Method::HEAD].map(async |method| stack.send(method, path, "", None, &[]).await);
        let (get, head) = (get.await, head.await);
        assert_eq!((get.status, head.status, head.text.as_str()), (200, 200, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        // The health's times differ from one request to the next.
        if path.starts_with("/api-docs") {
            assert_eq!(
                head.header("content-length"),
                Some(get.text.len().to_string().as_str()),
                "{path}"
            );
        }
    }
    for (path, allow) in [("/api/quotes", "GET"), ("/api/integration/quotes/generate", "POST")] {
        let got = stack.send(Method::HEAD, path, "", None, &[]).await;
        assert_eq!(
            (got.status, got.header("allow"), got.text.as_str()),
            (405, Some(allow), "")
        );
    }
}
