//! Customers and their quotes: who may look, and what others learn by trying.

use std::time::Duration;

use serde_json::{Value, json};

use super::{get, list, quotes};
use crate::house::{Got, House, JOHN, good};

const JANE: &str = "jane@example.com";

/// What the gateway may hand over as an address that is none, decoded once.
const TRICKS: [&str; 16] = [
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

async fn of(house: &House, token: &str, email: &str, query: &str) -> Got {
    house.get(quotes::quotes, token, &[("email", email)], query).await
}

async fn one(house: &House, token: &str, email: &str) -> Got {
    house.get(get::get, token, &[("email", email)], "").await
}

async fn all(house: &House, token: &str, query: &str) -> Got {
    house.get(list::list, token, &[], query).await
}

fn each(got: &Got, member: &str) -> Vec<String> {
    assert_eq!(got.status, 200, "{}", got.text);
    let data = got.json()["data"].as_array().unwrap().clone();
    data.iter()
        .map(|row| row[member].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_customer_is_the_same_in_any_case() {
    let house = House::new();
    house.world.stage.script([], good());
    let mine = house.filed("LEX", "john", JOHN).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    // Made by somebody else for the same address.
    let twin = house.filed("ALPHABET", "twin", JOHN).await;
    house.filed("LEX", "jane", JANE).await;
    let shouting = house.token("john", "John.Doe@EXAMPLE.com", &[]);
    for token in [house.john(), shouting, house.staff(), house.admin()] {
        for email in [JOHN, "JOHN.DOE@EXAMPLE.COM", "john.Doe@example.Com"] {
            assert_eq!(each(&of(&house, &token, email, "").await, "id"), [twin.as_str(), &mine]);
            assert_eq!(one(&house, &token, email).await.json()["data"]["email"], JOHN);
        }
    }
    let page = of(&house, &house.john(), JOHN, "limit=1").await;
    assert_eq!(each(&page, "id"), [twin.as_str()]);
    let cursor = page.json()["nextCursor"].as_str().unwrap().to_owned();
    let rest = of(&house, &house.john(), JOHN, &format!("limit=1&cursor={cursor}")).await;
    assert_eq!(
        (each(&rest, "id"), rest.json()["nextCursor"].clone()),
        (vec![mine], Value::Null)
    );
}

#[tokio::test(start_paused = true)]
async fn others_learn_nothing() {
    let house = House::new();
    house.world.stage.script([], good());
    house.filed("LEX", "john", JOHN).await;
    let jane = house.token("jane", JANE, &[]);
    let unverified = house.token("john", "", &[]);
    for token in [&jane, &unverified] {
        for (known, unknown) in [
            (
                of(&house, token, JOHN, "").await,
                of(&house, token, "nobody@example.com", "").await,
            ),
            (
                one(&house, token, JOHN).await,
                one(&house, token, "nobody@example.com").await,
            ),
        ] {
            assert_eq!((known.status, &known.text), (403, &unknown.text));
        }
    }
    assert_eq!(of(&house, "", JOHN, "").await.status, 401);
    assert_eq!(one(&house, "", JOHN).await.status, 401);
    assert_eq!(
        one(&house, &jane, JANE).await.status,
        404,
        "oneself, not yet quoted for"
    );
    assert_eq!(each(&of(&house, &jane, JANE, "").await, "id"), [""; 0]);
    assert_eq!(one(&house, &house.staff(), "nobody@example.com").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_address_is_refused_alike_for_everybody() {
    let house = House::new();
    house.world.stage.script([], good());
    house.filed("LEX", "john", JOHN).await;
    let kim = house.token("kim", "kim@example.com", &[]);
    for token in [house.john(), kim, house.staff()] {
        for trick in TRICKS {
            for got in [of(&house, &token, trick, "").await, one(&house, &token, trick).await] {
                assert_eq!((got.status, got.code().as_str()), (400, "malformed"), "{trick:?}");
                assert!(
                    trick.is_empty() || !got.text.contains(trick),
                    "{trick:?} is not repeated"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_in_a_token_is_no_other_address() {
    let house = House::new();
    house.world.stage.script([], good());
    house.filed("LEX", "kim", "kim@example.com").await;
    for claim in [
        "\u{212a}im@example.com",
        "kim@example.com ",
        "kim%40example.com",
        "kim@example.com\0",
    ] {
        let got = one(&house, &house.token("x", claim, &[]), "kim@example.com").await;
        assert!([401, 403].contains(&got.status), "{claim:?} {}", got.text);
    }
}

#[tokio::test(start_paused = true)]
async fn only_staff_list_customers() {
    let house = House::new();
    house.world.stage.script([], good());
    let mut made = Vec::new();
    for n in 0..7 {
        let email = format!("customer{n}@example.com");
        house.filed(partners::FUNDERS[n % 2], &email, &email).await;
        made.insert(0, email);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(all(&house, &house.john(), "").await.status, 403);
    assert_eq!(all(&house, "", "").await.status, 401);
    for limit in [1, 3, 7, 100] {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let got = all(&house, &house.staff(), &format!("limit={limit}{cursor}")).await;
            found.extend(each(&got, "email"));
            match got.json()["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, made, "limit {limit}");
    }
    for query in ["limit=0", "limit=101", "cursor=x"] {
        assert_eq!(all(&house, &house.staff(), query).await.status, 422, "{query}");
        assert_eq!(of(&house, &house.staff(), JOHN, query).await.status, 422, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_customer_is_as_the_quote_told() {
    let house = House::new();
    house.world.stage.script([], good());
    house.filed("LEX", "john", JOHN).await;
    let mut got = one(&house, &house.john(), JOHN).await.json();
    assert_eq!(got["data"], all(&house, &house.staff(), "").await.json()["data"][0]);
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
                "createdAt": "2024-12-30T10:20:00Z", "updatedAt": "2024-12-30T10:20:00Z",
            },
        })
    );
}
