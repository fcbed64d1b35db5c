//! What surrounds quotes and proposals: lists, customers, vehicles, funders, dry runs, and events for subscribers.

use http::Method;
use serde_json::{Value, json};

use crate::lock::Domain::{Funders, Operations};
use crate::quote::{GENERATE, SAMPLE};
use crate::stack::{HubResponse, Stack};

#[tokio::test]
async fn both_funders_price_the_sample() {
    let stack = Stack::shared(&[Funders]).await;
    for funder in ["LEX", "ALPHABET"] {
        let got = stack.quote_from(funder, "Doe").await;
        let data = got.json()["data"].clone();
        assert_eq!(
            (got.status, &data["status"]),
            (201, &json!("GENERATED")),
            "{}",
            got.text
        );
        let (monthly, all) = (
            data["monthlyPayment"].as_f64().unwrap(),
            data["totalAmount"].as_f64().unwrap(),
        );
        assert!((all - 36.0 * monthly).abs() < 0.36, "{data}");
    }
}

#[tokio::test]
async fn alphabet_is_retried_from_the_step_that_failed() {
    let stack = Stack::shared(&[Funders]).await;
    let correlation = uuid::Uuid::new_v4().to_string();
    let broken = json!([{"status": 500, "times": 4}]);
    stack.script_for(&correlation, "alphabet/quote", broken).await;
    let body = SAMPLE.replace("\"LEX\"", "\"ALPHABET\"");
    let headers = [("x-correlation-id", correlation.as_str())];
    let got = stack
        .send(Method::POST, GENERATE, &stack.customer(), Some(&body), &headers)
        .await;
    assert_eq!(got.status, 202, "{}", got.text);
    let id = got.json()["data"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/integration/quotes/{id}/status");
    stack
        .until(&path, &stack.customer(), |got| {
            got.json()["data"]["status"] == "GENERATED"
        })
        .await;
    let calls = async |operation| stack.calls_for(&correlation, operation).await;
    let calls = (
        calls("alphabet/details").await,
        calls("alphabet/defaults").await,
        calls("alphabet/quote").await,
    );
    assert_eq!(calls, (1, 1, 5));
}

#[tokio::test]
async fn a_quote_is_listed_with_its_customer_and_its_vehicle() {
    let stack = Stack::exclusive(&[Funders]).await;
    let (customer, staff) = (stack.customer(), stack.token("sam", "sam@example.com", &["staff"]));
    let surname = format!("Doe-{}", uuid::Uuid::new_v4());
    let got = stack.quote_from("LEX", &surname).await;
    let id = got.json()["data"]["id"].clone();
    let first = |got: &HubResponse| got.json()["data"][0]["id"].clone();
    for (path, token) in [
        ("/api/quotes", &customer),
        ("/api/quotes?funder=LEX&status=GENERATED&limit=1", &staff),
        ("/api/integration/customers/John.Doe%40example.com/quotes", &customer),
    ] {
        stack.until(path, token, |got| first(got) == id).await;
    }
    stack
        .until("/api/customers/john.doe@example.com", &customer, |got| {
            got.json()["data"]["lastName"] == surname.as_str()
        })
        .await;
    let vehicle = stack.get("/api/vehicles/12345", &customer).await;
    assert_eq!(vehicle.json()["data"]["make"], "BMW", "{}", vehicle.text);
    for path in ["/api/customers", "/api/vehicles"] {
        assert_eq!(stack.get(path, &customer).await.status, 403);
        assert_eq!(stack.get(path, &staff).await.status, 200);
    }
    let one = stack.get("/api/quotes?limit=1", &staff).await.json();
    let next = format!("/api/quotes?limit=1&cursor={}", one["nextCursor"].as_str().unwrap());
    let two = stack.get(&next, &staff).await.json();
    assert_ne!(one["data"][0]["id"], two["data"][0]["id"]);
    let id = id.as_str().unwrap();
    let read = stack.get(&format!("/api/quotes/{id}"), &customer).await;
    assert_eq!(read.status, 200, "{}", read.text);
    let asked = read.json()["data"].clone();
    assert_eq!(asked["customerDetails"]["lastName"], surname.as_str());
    assert_eq!(
        (&asked["vehicleDetails"]["make"], &asked["source"]),
        (&json!("BMW"), &json!("SELF_SERVE_APP"))
    );
    let jane = stack.token("jane", "jane@example.com", &[]);
    assert_eq!(stack.get(&format!("/api/quotes/{id}"), &jane).await.status, 404);
    for email in ["john.doe@example.com", "absent@example.com"] {
        let path = format!("/api/integration/customers/{email}/quotes");
        assert_eq!(stack.get(&path, &jane).await.status, 403, "{email}");
    }
}

#[tokio::test]
async fn funders_are_listed_and_tested() {
    let stack = Stack::exclusive(&[Funders]).await;
    let admin = stack.token("ann", "ann@example.com", &["admin"]);
    for path in ["/api/integration/funders", "/api/funders"] {
        let funders = stack.get(path, &stack.customer()).await.json()["data"].clone();
        let names: Vec<_> = funders
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].clone())
            .collect();
        assert_eq!(names, ["LEX", "ALPHABET"]);
        assert_eq!(funders[0]["environments"][0]["name"], "SANDBOX");
    }
    let test = |funder: &str, token: &str| {
        let (path, token) = (format!("/api/integration/funders/{funder}/test"), token.to_owned());
        let stack = &stack;
        async move {
            let body = Some(r#"{"environment":"SANDBOX"}"#);
            stack.send(Method::POST, &path, &token, body, &[]).await
        }
    };
    assert_eq!(test("LEX", &stack.customer()).await.status, 403);
    assert_eq!(test("UNKNOWN", &admin).await.status, 404);
    let refused = json!([{"status": 401, "times": 2}]);
    stack.control(Method::PUT, "/alphabet/defaults", Some(refused)).await;
    // A funder is tested once a minute, and an earlier run on this stack may have tested it.
    for (funder, reason) in [("LEX", Value::Null), ("ALPHABET", json!("key"))] {
        let got = test(funder, &admin).await;
        if got.status != 429 {
            assert_eq!(
                (got.status, &got.json()["data"]["reason"]),
                (200, &reason),
                "{}",
                got.text
            );
        }
        assert_eq!(test(funder, &admin).await.status, 429);
    }
}

#[tokio::test]
async fn a_dry_run_shows_every_request_and_sends_none() {
    let stack = Stack::exclusive(&[Funders]).await;
    for (funder, steps) in [("LEX", 1), ("ALPHABET", 3)] {
        let body = SAMPLE.replace("\"LEX\"", &format!("\"{funder}\""));
        let path = "/api/integration/quotes/generate?dryRun=true";
        let before = stack.count("funders").await;
        let got = stack
            .send(Method::POST, path, &stack.customer(), Some(&body), &[])
            .await;
        let data = got.json()["data"].clone();
        assert_eq!(
            (got.status, data["requests"].as_array().unwrap().len()),
            (200, steps),
            "{}",
            got.text
        );
        assert_eq!(stack.count("funders").await, before);
    }
    let calls = stack.control(Method::GET, "/calls", None).await;
    assert!(
        calls["alphabet"].get("details").is_none_or(|count| count == 0),
        "{calls}"
    );
}

#[tokio::test]
async fn a_subscriber_gets_the_event_of_a_quote() {
    let stack = Stack::shared(&[Funders, Operations]).await;
    let admin = stack.token("ann", "ann@example.com", &["admin"]);
    let body = json!({"url": "http://127.0.0.1:9/hook", "eventTypes": ["quote.generated"]}).to_string();
    let made = stack
        .send(Method::POST, "/api/integration/subscriptions", &admin, Some(&body), &[])
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let subscription = made.json()["data"]["id"].as_str().unwrap().to_owned();
    let quote = stack.quote_from("LEX", "Doe").await.json()["data"]["id"].clone();
    // Other tests make quotes too, and the subscriber gets their events.
    let quote = quote.as_str().unwrap();
    let of_quote = |rows: &[Value]| rows.iter().any(|row| row.to_string().contains(quote));
    stack
        .rows_until("deliveries", "subscriptionId", &subscription, of_quote)
        .await;
    let path = format!("/api/integration/deliveries?subscriptionId={subscription}");
    let listed = stack.get(&path, &admin).await;
    assert!(listed.text.contains("quote.generated"), "{}", listed.text);
    let gone = format!("/api/integration/subscriptions/{subscription}");
    stack.send(Method::DELETE, &gone, &admin, None, &[]).await;
}
