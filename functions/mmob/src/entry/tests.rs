//! The callers of every function.

mod reads;

use http::Method;
use runtime::http::auth::Right::{Admin, Staff};
use runtime::testing::access::{checks_callers_first, counted, protected, with_quota};
use runtime::testing::queries::refuses_unknown_parameters;
use runtime::testing::{Harness, Script, assert_faults_are_named};
use serde_json::{Value, json};

use super::functions;
use crate::Env;
use crate::order::resolve::ResolveOrder;
use crate::product::price::CreatePrice;
use crate::testing::{harness, post_order, sample};

const PRODUCT: &str = include_str!("../../../../shared/partners/marketplace/fixtures/mmob/product.answer.json");
const PRICE: &str = include_str!("../../../../shared/partners/marketplace/fixtures/mmob/price.answer.json");
const ORDER: &str = "po_Ab12Cd34Ef5";

/// A function with a route, the role that it needs, and a valid body.
struct Route {
    method: Method,
    path: &'static str,
    role: &'static str,
    body: Option<Value>,
    success: i64,
}

fn routes() -> Vec<Route> {
    let read = |path| Route {
        method: Method::GET,
        path,
        role: "staff",
        body: None,
        success: 200,
    };
    let write = |path, role, event, success| Route {
        method: Method::POST,
        path,
        role,
        body: Some(sample(event)),
        success,
    };
    vec![
        read("/api/mmob/orders"),
        read("/api/mmob/orders/po_Ab12Cd34Ef5"),
        read("/api/mmob/products"),
        write(
            "/api/mmob/orders/po_Ab12Cd34Ef5",
            "staff",
            include_str!("../../../../events/mmob-order-resolve.json"),
            200,
        ),
        write(
            "/api/mmob/products",
            "admin",
            include_str!("../../../../events/mmob-product-create.json"),
            201,
        ),
        write(
            "/api/mmob/products/prod_EfeUDJnTVdDigaqQ9rMaC/pricing",
            "admin",
            include_str!("../../../../events/mmob-price-create.json"),
            201,
        ),
    ]
}

/// With an order, at an MMOB that takes everything.
async fn prepared() -> Harness<Env> {
    let harness = harness();
    post_order(&harness, ORDER).await;
    let answer = |request: &http::Request<bytes::Bytes>| match request.uri().path() {
        "/products" => Script::answer(200, PRODUCT),
        _ => Script::answer(200, PRICE),
    };
    harness.fakes.transport.script([], Script::By(answer));
    harness
}

#[test]
fn callers_and_idempotency_are_as_specified() {
    let specified = [
        ("mmob-order-list", Staff, false),
        ("mmob-order-get", Staff, false),
        ("mmob-order-resolve", Staff, true),
        ("mmob-product-create", Admin, true),
        ("mmob-product-list", Staff, false),
        ("mmob-price-create", Admin, true),
    ];
    assert_eq!(protected(&functions()), specified);
    assert_eq!(routes().len(), specified.len(), "each has a route below");
}

#[tokio::test(start_paused = true)]
async fn what_leads_to_a_request_to_mmob_counts_for_a_quota() {
    let specified = [
        "mmob-order-get",
        "mmob-order-resolve",
        "mmob-product-create",
        "mmob-price-create",
    ];
    assert_eq!(with_quota(&functions()), specified);
    for route in routes() {
        let harness = prepared().await.with(&[("QUOTA_PER_MINUTE", "1")]).as_admin();
        let request = || {
            let request = harness.request(route.method.clone(), route.path);
            match &route.body {
                Some(body) => request.body(body),
                None => request,
            }
        };
        assert_eq!(request().await.status, route.success, "{}", route.path);
        let next = request().await.status;
        let reads_mmob = route.path == "/api/mmob/orders/po_Ab12Cd34Ef5";
        match route.body {
            None if reads_mmob => assert_eq!((counted(&harness), next), (1, 429), "{}", route.path),
            Some(_) => assert_eq!((counted(&harness), next), (1, 429), "{}", route.path),
            None => assert_eq!((counted(&harness), next), (0, route.success), "{}", route.path),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lists_refuse_unknown_parameters() {
    let harness = harness();
    assert_eq!(refuses_unknown_parameters(&harness, &harness).await, 2);
}

#[tokio::test(start_paused = true)]
async fn callers_are_checked_before_anything_else() {
    let harness = harness();
    checks_callers_first(&harness, &harness).await;
}

#[tokio::test(start_paused = true)]
async fn every_function_checks_its_callers() {
    for route in routes() {
        for roles in [&[][..], &["staff"], &["admin"], &["other"]] {
            let harness = prepared().await;
            let person = harness.as_person("p", "p@example.com", roles);
            let mut request = person.request(route.method.clone(), route.path);
            if let Some(body) = &route.body {
                request = request.body(body);
            }
            let may = roles.contains(&route.role) || roles.contains(&"admin");
            let status = if may { route.success } else { 403 };
            assert_eq!(
                request.await.status,
                status,
                "{} {} {roles:?}",
                route.method,
                route.path
            );
        }
        let harness = prepared().await;
        let request = harness.request(route.method.clone(), route.path);
        assert_eq!(request.body("{").await.status, 401, "{} {}", route.method, route.path);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_role_is_refused_before_a_replay_and_before_a_conflict() {
    for route in routes().into_iter().filter(|route| route.body.is_some()) {
        let harness = prepared().await;
        let body = route.body.as_ref().unwrap();
        let with = |roles: &[&str]| harness.as_person("p", "p@example.com", roles);
        let (admin, customer) = (with(&["admin"]), with(&[]));
        let first = admin.post(route.path, body).key("one").await;
        assert_eq!(first.status, route.success, "{}: {}", route.path, first.text);
        let replay = admin.post(route.path, body).key("one").await;
        assert_eq!((replay.status, &replay.text), (first.status, &first.text));
        assert_eq!(customer.post(route.path, body).key("one").await.status, 403);
        let mut other = body.clone();
        other["output"] = json!({"other": "text"});
        assert_eq!(admin.post(route.path, &other).key("one").await.status, 422);
        assert_eq!(customer.post(route.path, &other).key("one").await.status, 403);
    }
    let harness = prepared().await;
    let path = format!("/api/mmob/orders/{ORDER}");
    let decision = json!({"status": "Succesful"});
    assert_eq!(harness.as_staff().post(&path, &decision).await.status, 200);
    assert_eq!(harness.as_staff().post(&path, &decision).await.status, 409);
    assert_eq!(harness.as_customer().post(&path, &decision).await.status, 403);
}

#[test]
fn every_fault_of_a_request_is_named() {
    let id = &[("orderId", ORDER)];
    assert_faults_are_named::<ResolveOrder>(r#"{"status":"Succesful","output":{"key":"Value"}}"#, id);
    assert_faults_are_named::<ResolveOrder>(r#"{"status":"Failed","error":"why","requiredFields":[]}"#, id);
    let price = r#"{"name":"Monthly payment","currency":"GBP","amount":3999.0}"#;
    assert_faults_are_named::<CreatePrice>(price, &[("prodId", "prod_1")]);
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_contradicts_itself_is_refused_with_every_reason() {
    let body = json!({"status": "Succesful", "error": "x", "requiredFields": ["a,b"], "output": {"required_fields": "a\u{7}"}});
    let got = harness()
        .as_staff()
        .post(&format!("/api/mmob/orders/{ORDER}"), &body)
        .await;
    let errors = got.json()["errors"].as_array().unwrap().clone();
    let paths: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "error",
            "output",
            "requiredFields",
            "requiredFields",
            "output.required_fields"
        ],
        "{}",
        got.text
    );
}
