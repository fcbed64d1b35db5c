//! ALPHABET's three steps to a quotation: the rules, the arithmetic, and the behaviour that surprises integrators.

use serde_json::{Value, json};

use super::{Reply, Simulators};

const CALCULATE: &str = "finance/calculatefordisplay";

fn physical() -> Value {
    json!({
        "Type": "Car", "Status": "New", "OnTheRoadPrice": 38_000.00, "Mileage": 0, "MileageUnit": "Miles",
        "Registration": { "DateRegisteredWithDvla": "2024-01-01", "CountryCode": "GB" },
        "Codes": [{ "Type": "CapCarShortCode", "Value": "12345" }],
    })
}

/// The worked example of `alphabet::price`.
pub fn vehicle(id: &str) -> Value {
    json!({
        "Id": id, "PhysicalVehicle": physical(),
        "Parameters": {
            "ProductKey": "PCP", "Term": 36, "CashDeposit": 2_500.00, "DepositType": "Amount", "AnnualMileage": 12_000,
            "AnnualMileageUnit": "Miles",
        },
    })
}

fn calculate(simulators: &Simulators, vehicles: &[Value]) -> Reply {
    let reply = simulators.alphabet("POST", CALCULATE, Some(&json!({ "VehicleRequests": vehicles })));
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply
}

/// Returns the vehicle with this Id from the response.
fn found(document: &Value, id: &str) -> Value {
    let vehicles = document["Vehicles"].as_array().unwrap();
    vehicles.iter().find(|vehicle| vehicle["Id"] == id).unwrap().clone()
}

/// Calculates the example with one member of the vehicle changed.
fn changed(simulators: &Simulators, pointer: &str, value: Value) -> Value {
    let mut vehicle = vehicle("a");
    *vehicle.pointer_mut(pointer).unwrap() = value;
    found(&calculate(simulators, &[vehicle]).json(), "a")
}

pub fn quote(vehicle: &Value) -> Value {
    let quotations = vehicle["FinanceQuotations"].as_array().unwrap();
    let made = quotations.iter().find(|quotation| quotation["HasError"] == false);
    made.unwrap()["Finance"]["Quote"].clone()
}

/// Returns an amount in pence from its text: a float could hide a penny.
fn pence(amount: &Value) -> i64 {
    let number = amount.as_number().unwrap().to_string();
    let (pounds, pence) = number.split_once('.').unwrap_or((&number, "0"));
    format!("{pounds}{pence:0<2}").parse().unwrap()
}

#[test]
fn wants_its_key_and_json() {
    let simulators = Simulators::start();
    let path = "/alphabet/api/vehicle/details";
    let json_type = ("content-type", "application/json");
    for headers in [vec![json_type], vec![json_type, ("x-cw-apikey", "another")]] {
        let refused = simulators.request("POST", path, &headers, Some("{}"));
        assert_eq!(refused.status, 401);
        assert_eq!(
            (&refused.json()["HasError"], &refused.json()["Error"]["Code"]),
            (&json!(true), &json!("Unauthorised"))
        );
    }
    let text = [("X-CW-ApiKey", "test-alphabet-key"), ("content-type", "text/plain")];
    assert_eq!(simulators.request("POST", path, &text, Some("{}")).status, 415);
    assert_eq!(simulators.alphabet("GET", "vehicle/details", None).status, 405);
    assert_eq!(simulators.alphabet("DELETE", "proposals/1", None).status, 405);
    assert_eq!(
        simulators.alphabet("GET", "nothing", None).json()["Error"]["Code"],
        "NotFound"
    );
}

#[test]
fn knows_vehicles_by_their_code() {
    let simulators = Simulators::start();
    let details = |value: Value| {
        let body = json!({ "Codes": [{ "Type": "CapCarShortCode", "Value": value }] });
        simulators.alphabet("POST", "vehicle/details", Some(&body))
    };
    assert_eq!(
        details(json!("12345")).json(),
        json!({
            "HasError": false,
            "Vehicle": {
                "Type": "Car", "Codes": [{ "Type": "CapCarShortCode", "Value": "12345" }], "Manufacturer": "BMW",
                "Model": "3 Series", "Derivative": "320d",
            },
        })
    );
    for unknown in ["0", "900000", "012345", "CAP12345", "-1"] {
        let reply = details(json!(unknown));
        assert_eq!(reply.status, 200, "{unknown}");
        let reply = reply.json();
        assert_eq!(reply["HasError"], true, "{unknown}");
        assert_eq!(reply["Error"]["Code"], "VehicleNotFound");
        assert!(reply["Error"]["UserMessage"].is_string() && reply["Error"]["TechnicalMessage"].is_string());
    }
    let wrong = details(json!(12345));
    assert_eq!(
        (wrong.status, &wrong.json()["Error"]["Code"]),
        (400, &json!("InvalidRequest"))
    );
    let none = simulators.alphabet("POST", "vehicle/details", Some(&json!({ "Codes": [] })));
    assert_eq!(none.status, 400);
}

#[test]
fn offers_products_only_for_a_registered_vehicle() {
    let simulators = Simulators::start();
    let defaults = |physical: &Value| {
        simulators.alphabet(
            "POST",
            "finance/defaults",
            Some(&json!({ "PhysicalVehicle": physical })),
        )
    };
    let offered = defaults(&physical()).json();
    let products = offered["Products"].as_array().unwrap();
    let keys: Vec<_> = products
        .iter()
        .map(|product| product["Key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["PCP", "HP", "PCH", "BCH", "FL"]);
    let first = &products[0];
    assert_eq!(
        (&first["HasError"], &first["IsDefault"], &first["Lender"]),
        (&json!(false), &json!(true), &json!("Alphabet"))
    );
    assert_eq!(
        first["Term"],
        json!({ "Default": 36, "Values": [24, 36, 48], "IsRequired": true })
    );
    assert_eq!(pence(&first["Deposit"]["Maximum"]), 1_900_000);

    for registration in [
        json!(null),
        json!({ "CountryCode": "GB" }),
        json!({ "DateRegisteredWithDvla": null, "CountryCode": "GB" }),
    ] {
        let mut unregistered = physical();
        unregistered["Registration"] = registration;
        let reply = defaults(&unregistered);
        assert_eq!((reply.status, reply.json()), (200, json!({ "Products": [] })));
    }
    let mut unknown = physical();
    unknown["Codes"][0]["Value"] = json!("900000");
    assert_eq!(defaults(&unknown).json()["Error"]["Code"], "VehicleNotFound");
}

#[test]
fn calculates_the_worked_example() {
    let simulators = Simulators::start();
    let reply = calculate(&simulators, &[vehicle("a")]);
    assert!(reply.text.contains(r#""RegularPayment":717.83,"#), "{}", reply.text);
    let mine = found(&reply.json(), "a");
    let quotations = mine["FinanceQuotations"].as_array().unwrap();
    assert_eq!(quotations.len(), 2);
    assert_eq!(quotations[0]["Error"]["Code"], "LenderNotAvailable");
    assert_eq!(quotations[1]["Finance"]["Key"], "PCP");
    assert_eq!(quotations[1]["Finance"]["Notifications"], json!([]));
    let quote = quote(&mine);
    let expected = [
        ("TotalPrice", 3_800_000),
        ("TotalDeposit", 250_000),
        ("Balance", 3_550_000),
        ("RegularPayment", 71_783),
        ("TotalFirstPayment", 71_783),
        ("TotalAmountPayable", 4_050_215),
        ("ChargesForCredit", 250_215),
        ("Residual", 1_216_000),
        ("FinalPayment", 71_810),
    ];
    for (member, amount) in expected {
        assert_eq!(pence(&quote[member]), amount, "{member}");
    }
    assert_eq!(pence(&quote["Deposit"]["Cash"]), 250_000);
    assert_eq!(
        (&quote["Term"], &quote["TotalNumberOfRegularPayments"]),
        (&json!(36), &json!(37))
    );
    assert_eq!(
        (&quote["Apr"], &quote["QuoteReference"]),
        (&json!(6.9), &json!("CW-20001"))
    );
    assert_eq!(
        quote["Payments"],
        json!([
            { "Amount": 717.83, "NumberOfPayments": 35 }, { "Amount": 718.10, "NumberOfPayments": 1 },
            { "Amount": 12_160.00, "NumberOfPayments": 1 },
        ])
    );
    let time = |member: &str| {
        quote[member]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
            .as_second()
    };
    assert_eq!(time("ValidTo") - time("ValidFrom"), 28 * 86_400);
}

#[test]
fn vehicles_come_in_another_order_with_one_that_was_not_asked_for() {
    let simulators = Simulators::start();
    let mut cheap = vehicle("b");
    cheap["PhysicalVehicle"]["OnTheRoadPrice"] = json!(20_000);
    let reply = calculate(&simulators, &[vehicle("a"), cheap]).json();
    let ids: Vec<_> = reply["Vehicles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vehicle| vehicle["Id"].clone())
        .collect();
    assert_eq!(ids, ["not-asked-for", "b", "a"]);
    let references: Vec<_> = ["not-asked-for", "b", "a"]
        .map(|id| quote(&found(&reply, id))["QuoteReference"].clone())
        .into();
    assert_eq!(references, ["CW-0", "CW-20001", "CW-20002"]);
    assert_ne!(
        quote(&reply["Vehicles"][0])["RegularPayment"],
        quote(&found(&reply, "a"))["RegularPayment"]
    );
    assert_eq!(pence(&quote(&found(&reply, "b"))["TotalPrice"]), 2_000_000);
}

#[test]
fn payments_sum_to_the_penny() {
    let simulators = Simulators::start();
    let mut seed = 20_260_101_u64;
    let mut next = |most: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    for _ in 0..200 {
        let mut request = vehicle("a");
        let price = 1_000 + next(90_000);
        let product = ["PCP", "HP", "PCH", "BCH", "FL"][usize::try_from(next(5)).unwrap()];
        let text = format!("{price}.{:02}", next(100));
        request["PhysicalVehicle"]["OnTheRoadPrice"] = serde_json::from_str(&text).unwrap();
        request["Parameters"]["CashDeposit"] = json!(next(price / 2));
        request["Parameters"]["Term"] = json!(24 + next(60));
        request["Parameters"]["AnnualMileage"] = json!(1_000 + next(59_000));
        request["Parameters"]["ProductKey"] = json!(product);
        let quote = quote(&found(&calculate(&simulators, &[request.clone()]).json(), "a"));
        let payments = quote["Payments"].as_array().unwrap();
        let amounts = |payments: &[Value]| -> i64 {
            let each = payments
                .iter()
                .map(|each| pence(&each["Amount"]) * each["NumberOfPayments"].as_i64().unwrap());
            each.sum()
        };
        assert_eq!(
            amounts(payments) + pence(&quote["TotalDeposit"]),
            pence(&quote["TotalAmountPayable"]),
            "{request} {quote}"
        );
        let counts: i64 = payments
            .iter()
            .map(|each| each["NumberOfPayments"].as_i64().unwrap())
            .sum();
        let balloons = i64::from(product == "PCP");
        assert_eq!(counts, quote["Term"].as_i64().unwrap() + balloons, "{request} {quote}");
        assert_eq!(pence(&quote["Residual"]) > 0, product == "PCP");
        assert_eq!(quote["Apr"].is_number(), ["PCP", "HP"].contains(&product));
        assert!(pence(&quote["RegularPayment"]) > 100, "{request} {quote}");
        let drift = pence(&quote["FinalPayment"]) - pence(&quote["RegularPayment"]);
        assert!((0..48).contains(&drift), "{request} {quote}");
    }
}

#[test]
fn shortens_terms_that_are_not_offered() {
    let simulators = Simulators::start();
    for (requested, given) in [(24, 24), (35, 24), (47, 36), (48, 48), (60, 48)] {
        let vehicle = changed(&simulators, "/Parameters/Term", json!(requested));
        assert_eq!(quote(&vehicle)["Term"], given, "{requested}");
        let notifications = &vehicle["FinanceQuotations"][1]["Finance"]["Notifications"];
        assert_eq!(notifications[0]["Code"] == "TermChanged", requested != given);
    }
}

#[test]
fn what_is_not_available_is_an_error_in_a_200() {
    let simulators = Simulators::start();
    let cases = [
        ("/Parameters/Term", json!(23), "TermNotAvailable"),
        ("/Parameters/CashDeposit", json!(19_000.01), "DepositOutOfRange"),
        ("/Parameters/AnnualMileage", json!(60_001), "AnnualMileageOutOfRange"),
        ("/Parameters/ProductKey", json!("CS"), "ProductNotFound"),
    ];
    for (pointer, value, code) in cases {
        let vehicle = changed(&simulators, pointer, value);
        assert_eq!(vehicle["HasError"], false, "{pointer}");
        let quotations = vehicle["FinanceQuotations"].as_array().unwrap();
        assert_eq!(quotations.len(), 1);
        assert_eq!(
            (&quotations[0]["HasError"], &quotations[0]["Error"]["Code"]),
            (&json!(true), &json!(code))
        );
    }
    let unknown = changed(&simulators, "/PhysicalVehicle/Codes/0/Value", json!("900000"));
    assert_eq!(
        (&unknown["HasError"], &unknown["Error"]["Code"]),
        (&json!(true), &json!("VehicleNotFound"))
    );
    assert_eq!(unknown["FinanceQuotations"], json!([]));
    let unregistered = changed(
        &simulators,
        "/PhysicalVehicle/Registration",
        json!({ "CountryCode": "GB" }),
    );
    assert_eq!(
        (&unregistered["HasError"], &unregistered["FinanceQuotations"]),
        (&json!(false), &json!([]))
    );
    let none = calculate(&simulators, &[]).json();
    assert_eq!(
        (&none["HasError"], &none["Error"]["Code"]),
        (&json!(true), &json!("NoVehicles"))
    );
}

#[test]
fn names_every_wrong_member() {
    let simulators = Simulators::start();
    let mut wrong = vehicle("a");
    wrong["PhysicalVehicle"]["OnTheRoadPrice"] = json!("38000");
    wrong["PhysicalVehicle"]["Status"] = json!("Old");
    wrong["Parameters"]["Term"] = json!(36.5);
    wrong["Parameters"]["Deposit"] = json!(1);
    let reply = simulators.alphabet(
        "POST",
        CALCULATE,
        Some(&json!({ "VehicleRequests": [wrong, vehicle("a")] })),
    );
    assert_eq!(reply.status, 400);
    let error = reply.json()["Error"].clone();
    assert_eq!(error["Code"], "InvalidRequest");
    let message = error["TechnicalMessage"].as_str().unwrap();
    for member in [
        "VehicleRequests[0].PhysicalVehicle.OnTheRoadPrice must be",
        "VehicleRequests[0].PhysicalVehicle.Status must be New or PreOwned",
        "VehicleRequests[0].Parameters.Term must be",
        "VehicleRequests[0].Parameters.Deposit is not a member",
        "VehicleRequests[1].Id is the Id of another vehicle too",
    ] {
        assert!(message.contains(member), "{member} in {message}");
    }
}
