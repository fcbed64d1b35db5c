//! Lex's quotes: the rules of a request, the arithmetic, the lifecycle.

use serde_json::{Value, json};

use super::{CALCULATE, Reply, Simulators, example, example_with, lex_proposal};

fn pence(reply: &Reply, member: &str) -> i64 {
    let text = reply.raw(member);
    let (pounds, pence) = text.split_once('.').unwrap();
    assert_eq!(pence.len(), 2, "{member} is {text}");
    format!("{pounds}{pence}").parse().unwrap()
}

fn monthly(simulators: &Simulators, body: &Value) -> i64 {
    let reply = simulators.calculate(body);
    assert_eq!(reply.status, 200, "{}", reply.text);
    pence(&reply, "monthly_rental")
}

#[test]
fn calculates_the_worked_example() {
    let simulators = Simulators::start();
    let reply = simulators.calculate(&example());
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("content-type"), "application/json");
    let expected = [
        ("status", "\"CALCULATED\""),
        ("term", "36"),
        ("mileage", "12000"),
        ("initial_payment", "2500.00"),
        ("monthly_rental", "340.95"),
        ("total_rentals", "12274.20"),
        ("apr", "4.9"),
        ("balloon", "8000.00"),
    ];
    for (member, text) in expected {
        assert_eq!(reply.raw(member), text, "{member}");
    }
    let document = reply.json();
    let id = document["quote_id"].as_str().unwrap();
    assert!(
        id.strip_prefix('Q').unwrap().bytes().all(|byte| byte.is_ascii_digit()),
        "{id}"
    );
    let reference: Vec<_> = document["quote_reference"].as_str().unwrap().split('-').collect();
    assert_eq!((reference[0], reference[1].len(), reference[2]), ("LEX", 4, "001"));
    let until = document["valid_until"].as_str().unwrap();
    assert_eq!((until.len(), until.ends_with('Z')), (20, true), "{until}");
    let seconds = until.parse::<jiff::Timestamp>().unwrap().as_second() - super::now();
    assert!((28 * 86_400 - 5..=28 * 86_400).contains(&seconds), "{seconds}");
}

#[test]
fn business_hire_is_without_vat_and_names_no_credit() {
    let simulators = Simulators::start();
    let mut body = example_with("/adjustments/otrp", Value::Null);
    body["financials"]["contract_type_id"] = json!(4);
    body["financials"]["plan"] = json!(105);
    body["financials"]["term"] = json!(48);
    body["financials"]["mileage"] = json!(10_000);
    body["financials"]["customer_initial_payment"] = json!(1000.50);
    let reply = simulators.calculate(&body);
    // List price 24,884.00; basis 20,736.67; residual 36 % = 7,465.20; financed 19,736.17.
    // 12,270.97 / 48 = 255.6452; 27,201.37 x 0.049 / 24 = 55.5361; together 311.1813.
    assert_eq!(reply.raw("initial_payment"), "1000.50");
    assert_eq!(reply.raw("monthly_rental"), "311.18");
    assert_eq!(reply.raw("total_rentals"), "14936.64");
    assert_eq!(reply.raw("apr"), "null");
    assert_eq!(reply.raw("balloon"), "null");
}

#[test]
fn every_input_moves_the_rental() {
    let simulators = Simulators::start();
    let base = monthly(&simulators, &example());
    let dearer = [
        ("/adjustments/otrp", json!(20_001)),
        ("/adjustments/commission", json!(100)),
        ("/financials/customer_initial_payment", json!(2400)),
        ("/financials/term", json!(24)),
        ("/financials/mileage", json!(15_000)),
        ("/financials/relief_vehicle", json!(1)),
        ("/financials/contract_type_id", json!(2)),
        (
            "/accessories",
            json!([{ "type": "DealerFit", "description": "Tow bar", "price": 450.5 }]),
        ),
    ];
    for (pointer, value) in dearer {
        let rental = monthly(&simulators, &example_with(pointer, value));
        assert!(rental > base, "{pointer}: {rental} is not above {base}");
    }
    let cheaper = [
        ("/financials/plan", json!(105)),
        ("/adjustments/discount", json!(100)),
        ("/adjustments/off_invoice_support", json!(100)),
        ("/financials/contract_type_id", json!(4)),
    ];
    for (pointer, value) in cheaper {
        let rental = monthly(&simulators, &example_with(pointer, value));
        assert!(rental < base, "{pointer}: {rental} is not below {base}");
    }
}

#[test]
fn totals_are_exact_to_the_penny() {
    let simulators = Simulators::start();
    let mut seed = 20_260_101_u64;
    let mut next = |most: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    for _ in 0..400 {
        let term = 6 + next(79);
        let product = 1 + next(5);
        // Written as text, so that no float is involved on this side either.
        let (pounds, rest) = (8_000 + next(90_000), next(100));
        let initial = format!("{}.{}", next(3_000), next(10));
        let body = example().to_string();
        let body = body.replace("\"otrp\":20000", &format!("\"otrp\":{pounds}.{rest:02}"));
        let body = body.replace("payment\":2500", &format!("payment\":{initial}"));
        let body = body.replace("\"term\":36", &format!("\"term\":{term}"));
        let body = body.replace("\"mileage\":12000", &format!("\"mileage\":{}", 1_000 + next(60_000)));
        let body = body.replace("\"contract_type_id\":1", &format!("\"contract_type_id\":{product}"));
        let reply = simulators.lex("POST", CALCULATE, Some(&body));
        assert_eq!(reply.status, 200, "{body} {}", reply.text);
        let monthly = pence(&reply, "monthly_rental");
        assert!((100..2_000_000).contains(&monthly), "{body}: {monthly}");
        assert_eq!(
            pence(&reply, "total_rentals"),
            monthly * i64::try_from(term).unwrap(),
            "{body}"
        );
        assert_eq!(reply.raw("initial_payment"), format!("{initial}0"));
        assert_eq!(reply.raw("apr") == "4.9", product <= 2, "{body}");
        assert_eq!(reply.raw("balloon") != "null", product == 1, "{body}");
    }
}

#[test]
fn refuses_strings_where_integers_belong() {
    let simulators = Simulators::start();
    let paths = [
        "asset.cap_id",
        "financials.contract_type_id",
        "financials.plan",
        "financials.term",
        "financials.mileage",
        "financials.relief_vehicle",
        "adjustments.customer_terms",
    ];
    for path in paths {
        let pointer = format!("/{}", path.replace('.', "/"));
        let number = example().pointer(&pointer).unwrap().clone();
        let wrong = [
            json!(number.to_string()),
            json!("CAP12345"),
            json!(1.5),
            json!(null),
            json!(true),
            json!(-1),
        ];
        for value in wrong {
            let reply = simulators.calculate(&example_with(&pointer, value.clone()));
            assert_eq!(reply.status, 400, "{path} {value}");
            assert_eq!(reply.fields(), [path], "{value}");
            assert_eq!(reply.error()["code"], "INVALID_FIELD");
            if value.is_string() {
                assert_eq!(reply.error()["message"], "must be a JSON integer, not a string");
            }
        }
    }
    for (path, value) in [
        ("contract_type_id", 6),
        ("plan", 107),
        ("relief_vehicle", 2),
        ("term", 0),
    ] {
        let reply = simulators.calculate(&example_with(&format!("/financials/{path}"), json!(value)));
        assert_eq!(reply.fields(), [format!("financials.{path}")]);
    }
}

#[test]
fn lists_every_wrong_field() {
    let simulators = Simulators::start();
    let probe = simulators.lex("POST", CALCULATE, Some("{}"));
    assert_eq!(probe.status, 400);
    let required = [
        "asset.cap_id",
        "financials.contract_type_id",
        "financials.plan",
        "financials.term",
        "financials.mileage",
        "financials.relief_vehicle",
        "financials.customer_initial_payment",
        "adjustments.customer_terms",
    ];
    assert_eq!(probe.fields(), required);

    let mut body = example();
    body["asset"]["cap_id"] = json!("CAP12345");
    body["asset"]["options"] = json!("none");
    body["accessories"] = json!([{ "type": "Magic", "price": 1.005 }, 7]);
    body["financials"]["customer_initial_payment"] = json!("2500");
    body["financials"]["deposit"] = json!(1);
    body["adjustments"]["otrp"] = json!(-5);
    body["adjustments"]["co2_emission"] = json!("low");
    let expected = [
        "asset.cap_id",
        "asset.options",
        "accessories[0].type",
        "accessories[0].price",
        "accessories[1]",
        "accessories[1].type",
        "accessories[1].price",
        "financials.deposit",
        "financials.customer_initial_payment",
        "adjustments.co2_emission",
        "adjustments.otrp",
    ];
    assert_eq!(simulators.calculate(&body).fields(), expected);

    let dear = simulators.calculate(&example_with("/financials/customer_initial_payment", json!(12_500)));
    assert_eq!(
        (dear.status, dear.fields()),
        (400, vec!["financials.customer_initial_payment".to_owned()])
    );
    let exponent = example().to_string().replace("\"otrp\":20000", "\"otrp\":2e4");
    assert_eq!(
        simulators.lex("POST", CALCULATE, Some(&exponent)).fields(),
        ["adjustments.otrp"]
    );
}

#[test]
fn refuses_bodies_that_are_no_object() {
    let simulators = Simulators::start();
    for body in [
        "",
        "hello",
        "[]",
        "\"text\"",
        "{\"asset\":",
        "{} {}",
        "{\"asset\":{},\"asset\":{}}",
    ] {
        let reply = simulators.lex("POST", CALCULATE, Some(body));
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.error()["code"], "INVALID_BODY", "{body}");
    }
}

#[test]
fn a_quote_can_be_recalculated() {
    let simulators = Simulators::start();
    let first = simulators.calculate(&example()).json();
    let second = simulators.calculate(&example()).json();
    assert_ne!(first["quote_id"], second["quote_id"]);
    assert_ne!(first["quote_reference"], second["quote_reference"]);

    let path = format!("/lex/api/v1/quotes/{}", first["quote_id"].as_str().unwrap());
    let mut shown = first.clone();
    shown["proposal"] = Value::Null;
    assert_eq!(simulators.lex("GET", &path, None).json(), shown);

    let longer = example_with("/financials/term", json!(48)).to_string();
    let changed = simulators
        .lex("POST", &format!("{path}/recalculate"), Some(&longer))
        .json();
    assert_eq!(
        (&changed["quote_id"], &changed["term"]),
        (&first["quote_id"], &json!(48))
    );
    assert_ne!(changed["monthly_rental"], first["monthly_rental"]);
}

#[test]
fn the_same_reference_and_body_is_the_same_quote() {
    let simulators = Simulators::start();
    let body = example_with("/financials/cust_reference", json!("TL-1"));
    let first = simulators.calculate(&body).json();
    simulators.request("DELETE", "/_control", &[], None);
    assert_eq!(simulators.calculate(&body).json(), first);

    let mut other = body.clone();
    other["financials"]["term"] = json!(24);
    assert_ne!(simulators.calculate(&other).json()["quote_id"], first["quote_id"]);
    let other_reference = example_with("/financials/cust_reference", json!("TL-2"));
    assert_ne!(
        simulators.calculate(&other_reference).json()["quote_id"],
        first["quote_id"]
    );
    let without_reference = example_with("/financials/cust_reference", json!(""));
    assert_ne!(
        simulators.calculate(&without_reference).json()["quote_id"],
        simulators.calculate(&without_reference).json()["quote_id"]
    );
}

#[test]
fn unknown_paths_and_quotes_are_errors_documents() {
    let simulators = Simulators::start();
    let cases = [
        ("GET", "/lex/api/v1/quotes/Q99", 404),
        ("GET", "/lex/api/v1/quotes/Q010001", 404),
        ("GET", "/lex/api/v1/quotes/", 404),
        ("GET", "/lex/api/v1/quotes", 404),
        ("GET", "/lex/api/v1", 404),
        ("GET", "/lex", 404),
        ("GET", "/lex/api/v2/quotes/Q10001", 404),
        ("GET", "/unknown/api", 404),
        ("GET", "/", 404),
        ("GET", "/lex/api/v1/quotes/Q1/complete", 405),
    ];
    for (method, path, status) in cases {
        let reply = simulators.lex(method, path, None);
        assert_eq!(reply.status, status, "{method} {path}");
        assert!(reply.error()["message"].is_string(), "{path}");
    }
    let proposal = lex_proposal("TL-1", "Doe").to_string();
    let unknown = simulators.lex("POST", "/lex/api/v1/quotes/Q99/complete", Some(&proposal));
    assert_eq!((unknown.status, &unknown.error()["code"]), (404, &json!("NOT_FOUND")));
}
