//! Vehicles: callers read those of their own quotes, staff read and list all.

use std::time::Duration;

use runtime::testing::{Harness, TestResponse};
use serde_json::json;

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, SAMPLE, each, good, harness, next};

async fn one(caller: &Harness<Env>, cap_id: &str) -> TestResponse {
    caller.get("/api/vehicles/x").path("capId", cap_id).await
}

async fn quoted(h: &Harness<Env>, cap_id: &str) {
    let body = SAMPLE.replace("\"12345\"", &format!("\"{cap_id}\""));
    assert_eq!(h.post(GENERATE, body).await.status, 201);
    h.first_look().await;
    tokio::time::advance(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_vehicle_is_as_its_quote_describes_it() {
    let h = harness();
    h.fakes.transport.script([], good());
    quoted(&h, "12345").await;
    let mut got = one(&h, "12345").await.json();
    assert!(got["data"]["id"].take().is_string());
    assert_eq!(
        got,
        json!({
            "success": true,
            "message": "Vehicle",
            "data": {
                "id": null, "make": "BMW", "model": "3 Series", "variant": "320d M Sport", "year": 2024,
                "price": 38000.0, "mileage": 0, "fuelType": "DIESEL", "transmission": "AUTOMATIC", "capId": "12345",
                "capCode": "BMW320DMS",
                "createdAt": "2024-12-30T10:20:00.000Z", "updatedAt": "2024-12-30T10:20:00.000Z",
            },
        })
    );
}

/// What a caller quotes for a vehicle with id 12345.
async fn quotes_as(caller: &Harness<Env>, email: &str, variant: &str, price: u32) {
    let body = SAMPLE.replace("john.doe@example.com", email);
    let body = body
        .replace("320d M Sport", variant)
        .replace("38000", &price.to_string());
    assert_eq!(caller.post(GENERATE, body).await.status, 201);
    caller.first_look().await;
    tokio::time::advance(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn callers_see_a_vehicle_as_they_described_it_themselves() {
    let h = harness();
    h.fakes.transport.script([], good());
    let jane = h.as_person("jane", "jane@example.com", &[]);
    quotes_as(&h, "john.doe@example.com", "of John", 38001).await;
    let absent = one(&jane, "54321").await;
    let theirs = one(&jane, "12345").await;
    assert_eq!(
        (theirs.status, theirs.text),
        (404, absent.text),
        "John's looks like none"
    );

    quotes_as(&jane, "jane@example.com", "of Jane", 38002).await;
    for (caller, variant, price) in [
        (h.as_customer(), "of John", 38001.0),
        (jane, "of Jane", 38002.0),
        (h.as_staff(), "of Jane", 38002.0),
        (h.as_admin(), "of Jane", 38002.0),
    ] {
        let got = one(&caller, "12345").await.data();
        assert_eq!((&got["variant"], &got["price"]), (&json!(variant), &json!(price)));
    }
    let page = h.as_staff().get("/api/vehicles").await;
    assert_eq!(each(&page, "capId"), ["12345"], "staff see one vehicle");
}

#[tokio::test(start_paused = true)]
async fn a_vehicle_without_a_quote_is_absent() {
    let h = harness();
    h.fakes.transport.script([], good());
    quoted(&h, "12345").await;
    for absent in ["54321", "12345 ", "012345", "12345%00", "..", "12345#VEHICLE"] {
        assert_eq!(one(&h, absent).await.status, 404, "{absent:?}");
    }
    for impossible in ["", "\u{661}2345", &"1".repeat(21), &"1".repeat(5000)] {
        assert_eq!(one(&h, impossible).await.status, 422, "{impossible:?}");
    }
    assert_eq!(one(&h.anonymous(), "12345").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn only_staff_list_vehicles() {
    let h = harness();
    h.fakes.transport.script([], good());
    for cap_id in ["1", "2", "3", "2"] {
        quoted(&h, cap_id).await;
    }
    assert_eq!(h.get("/api/vehicles").await.status, 403);
    assert_eq!(h.anonymous().get("/api/vehicles").await.status, 401);
    let staff = h.as_staff();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = staff.get(&format!("/api/vehicles?limit=2{cursor}")).await;
        found.extend(each(&page, "capId"));
        match next(&page) {
            Some(next) => cursor = next,
            None => break,
        }
    }
    assert_eq!(found, ["3", "2", "1"], "each once, in the order of their first quotes");
    for query in ["limit=0", "limit=101", "cursor=x"] {
        let got = staff.get(&format!("/api/vehicles?{query}")).await;
        assert_eq!(got.status, 422, "{query}");
    }
}
