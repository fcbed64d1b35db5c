//! The callers of every function.

use http::Method;
use runtime::testing::{Harness, Script};
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{harness, post_order, sample};

const PRODUCT: &str = include_str!("../../../shared/partners/marketplace/fixtures/mmob/product.answer.json");
const PRICE: &str = include_str!("../../../shared/partners/marketplace/fixtures/mmob/price.answer.json");
const ORDER: &str = "po_Ab12Cd34Ef5";
const LARGE: usize = 2 * 1024 * 1024;

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
            include_str!("../../../events/mmob-order-resolve.json"),
            200,
        ),
        write(
            "/api/mmob/products",
            "admin",
            include_str!("../../../events/mmob-product-create.json"),
            201,
        ),
        write(
            "/api/mmob/products/prod_EfeUDJnTVdDigaqQ9rMaC/pricing",
            "admin",
            include_str!("../../../events/mmob-price-create.json"),
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

/// Each of these requests would get another refusal from a caller with the role.
#[tokio::test(start_paused = true)]
async fn a_wrong_role_is_refused_before_anything_else() {
    for route in routes().into_iter().filter(|route| route.body.is_some()) {
        for role in [None, Some("admin")] {
            let harness = prepared().await;
            let caller = harness.as_person("p", "p@example.com", role.as_slice());
            let status = |usual: i64| if role.is_some() { usual } else { 403 };
            let post = |body: String| caller.post(route.path, body);
            let body = route.body.as_ref().unwrap().to_string();
            let about = format!("{} {role:?}", route.path);
            assert_eq!(post("{".into()).await.status, status(400), "{about}");
            let long = "k".repeat(256);
            assert_eq!(post(body.clone()).key(&long).await.status, status(400), "{about}");
            let large = json!({"name": "x".repeat(LARGE)}).to_string();
            assert_eq!(post(large).await.status, status(413), "{about}");
            let text = post(body.clone()).header("content-type", "text/plain");
            assert_eq!(text.await.status, status(415), "{about}");
            assert_eq!(post("{}".into()).await.status, status(422), "{about}");
            assert_eq!(post(body).await.status, status(route.success), "{about}");
        }
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
