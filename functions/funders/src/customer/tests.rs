//! Customers and their quotes: which callers may read them, and what other callers learn by trying.

use std::time::Duration;

use runtime::testing::{Harness, TestResponse};
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{FundersHarness, JANE, JOHN, each, good, harness, next};

/// Values that are no address, as the gateway may pass them on, decoded once.
const NO_ADDRESSES: [&str; 16] = [
    "",
    "john.doe",
    "john.doe%40example.com",
    "john.doe@example.com%00",
    "john%2edoe@example.com",
    "john doe@example.com",
    " john.doe@example.com",
    "john.doe@example.com ",
    "john.doe@example.com\0",
    "john.doe@example.com\n",
    "\u{212a}im@example.com",
    "john.doe@example.\u{ff43}om",
    "j\u{f6}hn.doe@example.com",
    "john.doe@@example.com",
    "../john.doe@example.com",
    "john.doe@example.com#QUOTES",
];

async fn quotes(caller: &Harness<Env>, email: &str, query: &str) -> TestResponse {
    let path = format!("/api/integration/customers/x/quotes?{query}");
    caller.get(&path).path("email", email).await
}

async fn one(caller: &Harness<Env>, email: &str) -> TestResponse {
    caller.get("/api/customers/x").path("email", email).await
}

async fn all(caller: &Harness<Env>, query: &str) -> TestResponse {
    caller.get(&format!("/api/customers?{query}")).await
}

#[tokio::test(start_paused = true)]
async fn a_customer_is_the_same_in_any_case() {
    let h = harness();
    h.fakes.transport.script([], good());
    let mine = h.listed_quote("LEX", "john", JOHN).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    // Requested by another account with the same address.
    let twin = h.listed_quote("ALPHABET", "twin", JOHN).await;
    h.listed_quote("LEX", "jane", JANE).await;
    let shouting = h.as_person("john", "John.Doe@EXAMPLE.com", &[]);
    for caller in [h.as_customer(), shouting, h.as_staff(), h.as_admin()] {
        for email in [JOHN, "JOHN.DOE@EXAMPLE.COM", "john.Doe@example.Com"] {
            let listed = quotes(&caller, email, "").await;
            assert_eq!(each(&listed, "id"), [twin.as_str(), &mine]);
            assert_eq!(one(&caller, email).await.data()["email"], JOHN);
        }
    }
    let page = quotes(&h, JOHN, "limit=1").await;
    assert_eq!(each(&page, "id"), [twin.as_str()]);
    let rest = quotes(&h, JOHN, &format!("limit=1{}", next(&page).unwrap())).await;
    assert_eq!(
        (each(&rest, "id"), rest.json()["nextCursor"].clone()),
        (vec![mine], Value::Null)
    );
}

#[tokio::test(start_paused = true)]
async fn other_callers_learn_nothing() {
    let h = harness();
    h.fakes.transport.script([], good());
    h.listed_quote("LEX", "john", JOHN).await;
    let unknown = "unknown@example.com";
    let jane = h.as_person("jane", JANE, &[]);
    let unverified = h.as_person("john", "", &[]);
    for caller in [&jane, &unverified] {
        for (known, unknown) in [
            (quotes(caller, JOHN, "").await, quotes(caller, unknown, "").await),
            (one(caller, JOHN).await, one(caller, unknown).await),
        ] {
            assert_eq!((known.status, &known.text), (403, &unknown.text));
        }
    }
    assert_eq!(quotes(&h.anonymous(), JOHN, "").await.status, 401);
    assert_eq!(one(&h.anonymous(), JOHN).await.status, 401);
    assert_eq!(one(&jane, JANE).await.status, 404, "her own address, without a quote");
    assert_eq!(each(&quotes(&jane, JANE, "").await, "id"), [""; 0]);
    assert_eq!(one(&h.as_staff(), unknown).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn every_caller_gets_the_same_refusal_of_a_value_that_is_no_address() {
    let h = harness();
    h.fakes.transport.script([], good());
    h.listed_quote("LEX", "john", JOHN).await;
    let kim = h.as_person("kim", "kim@example.com", &[]);
    for caller in [h.as_customer(), kim, h.as_staff()] {
        for value in NO_ADDRESSES {
            for got in [quotes(&caller, value, "").await, one(&caller, value).await] {
                assert_eq!((got.status, got.code().as_str()), (400, "malformed"), "{value:?}");
                assert!(
                    value.is_empty() || !got.text.contains(value),
                    "{value:?} is not repeated"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_in_a_token_is_no_other_address() {
    let h = harness();
    h.fakes.transport.script([], good());
    h.listed_quote("LEX", "kim", "kim@example.com").await;
    for claim in [
        "\u{212a}im@example.com",
        "kim@example.com ",
        "kim%40example.com",
        "kim@example.com\0",
    ] {
        let got = one(&h.as_person("x", claim, &[]), "kim@example.com").await;
        assert!([401, 403].contains(&got.status), "{claim:?} {}", got.text);
    }
}

#[tokio::test(start_paused = true)]
async fn only_staff_list_customers() {
    let h = harness();
    h.fakes.transport.script([], good());
    let mut made = Vec::new();
    for n in 0..7 {
        let email = format!("customer{n}@example.com");
        h.listed_quote(model::partner::FUNDERS[n % 2], &email, &email).await;
        made.insert(0, email);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(all(&h, "").await.status, 403);
    assert_eq!(all(&h.anonymous(), "").await.status, 401);
    let staff = h.as_staff();
    for limit in [1, 3, 7, 100] {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let got = all(&staff, &format!("limit={limit}{cursor}")).await;
            found.extend(each(&got, "email"));
            match next(&got) {
                Some(next) => cursor = next,
                None => break,
            }
        }
        assert_eq!(found, made, "limit {limit}");
    }
    for query in ["limit=0", "limit=101", "cursor=x"] {
        assert_eq!(all(&staff, query).await.status, 422, "{query}");
        assert_eq!(quotes(&staff, JOHN, query).await.status, 422, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quote_that_describes_the_same_is_no_change() {
    let h = harness();
    h.fakes.transport.script([], good());
    h.listed_quote("LEX", "john", JOHN).await;
    let (person, vehicle) = (one(&h, JOHN).await.data(), h.get("/api/vehicles/12345").await.data());
    tokio::time::advance(Duration::from_secs(60)).await;
    h.listed_quote("ALPHABET", "john", JOHN).await;
    assert_eq!(one(&h, JOHN).await.data(), person);
    assert_eq!(h.get("/api/vehicles/12345").await.data(), vehicle);
}

#[tokio::test(start_paused = true)]
async fn a_customer_is_as_the_quote_describes_them() {
    let h = harness();
    h.fakes.transport.script([], good());
    h.listed_quote("LEX", "john", JOHN).await;
    let mut got = one(&h, JOHN).await.json();
    assert_eq!(got["data"], all(&h.as_staff(), "").await.data()[0]);
    assert!(got["data"]["id"].take().is_string());
    assert_eq!(
        got,
        json!({
            "success": true,
            "message": "Customer",
            "data": {
                "id": null, "firstName": "John", "lastName": "Doe", "email": JOHN, "phone": "+44 7700 900001",
                "dateOfBirth": "1985-06-20",
                "address": {
                    "line1": "123 Main Street", "line2": "Apartment 4B", "city": "London", "postcode": "SW1A 1AA",
                    "country": "GB",
                },
                "employment": {
                    "employerName": "Tech Solutions Ltd", "jobTitle": "Software Engineer",
                    "employmentType": "FULL_TIME", "monthlyIncome": 4500.0,
                },
                "createdAt": "2024-12-30T10:20:00.000Z", "updatedAt": "2024-12-30T10:20:00.000Z",
            },
        })
    );
}
