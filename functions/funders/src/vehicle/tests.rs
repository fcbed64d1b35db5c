//! Vehicles: anybody who is known may look one up, staff list them.

use std::time::Duration;

use serde_json::json;

use super::{get, list};
use crate::house::{Got, House, SAMPLE, good};

async fn one(house: &House, token: &str, cap_id: &str) -> Got {
    house.get(get::get, token, &[("capId", cap_id)], "").await
}

async fn quoted(house: &House, cap_id: &str) {
    let body = SAMPLE.replace("\"12345\"", &format!("\"{cap_id}\""));
    assert_eq!(house.quote_as(&house.john(), &body, &[]).await.status, 201);
    house.watch().await;
    tokio::time::advance(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_vehicle_is_as_the_quote_told() {
    let house = House::new();
    house.world.stage.script([], good());
    quoted(&house, "12345").await;
    let jane = house.token("jane", "jane@example.com", &[]);
    let mut got = one(&house, &jane, "12345").await.json();
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
                "createdAt": "2024-12-30T10:20:00Z", "updatedAt": "2024-12-30T10:20:00Z",
            },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_never_quoted_is_not_there() {
    let house = House::new();
    house.world.stage.script([], good());
    quoted(&house, "12345").await;
    let john = house.john();
    for absent in ["54321", "12345 ", "012345", "12345%00", "..", "12345#VEHICLE"] {
        assert_eq!(one(&house, &john, absent).await.status, 404, "{absent:?}");
    }
    for impossible in ["", "\u{661}2345", &"1".repeat(21), &"1".repeat(5000)] {
        assert_eq!(one(&house, &john, impossible).await.status, 422, "{impossible:?}");
    }
    assert_eq!(one(&house, "", "12345").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn only_staff_list_vehicles() {
    let house = House::new();
    house.world.stage.script([], good());
    for cap_id in ["1", "2", "3", "2"] {
        quoted(&house, cap_id).await;
    }
    let ask = async |token: &str, query: &str| house.get(list::list, token, &[], query).await;
    assert_eq!(ask(&house.john(), "").await.status, 403);
    assert_eq!(ask("", "").await.status, 401);
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ask(&house.staff(), &format!("limit=2{cursor}")).await.json();
        let rows = page["data"].as_array().unwrap();
        found.extend(rows.iter().map(|row| row["capId"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, ["3", "2", "1"], "each once, by when it was first seen");
    for query in ["limit=0", "limit=101", "cursor=x"] {
        assert_eq!(ask(&house.staff(), query).await.status, 422, "{query}");
    }
}
