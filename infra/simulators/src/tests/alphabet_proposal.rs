//! ALPHABET's proposals.

use serde_json::{Value, json};

use super::alphabet_quote::{quote, vehicle};
use super::{Reply, Simulators};

fn quoted(simulators: &Simulators) -> Value {
    let body = json!({ "VehicleRequests": [vehicle("a")] });
    let reply = simulators.alphabet("POST", "finance/calculatefordisplay", Some(&body));
    quote(&reply.json()["Vehicles"][1])["QuoteReference"].clone()
}

fn proposal(reference: &str, quotation: &Value) -> Value {
    json!({
        "Reference": reference, "QuoteReference": quotation,
        "Customer": {
            "Forename": "Jane", "Surname": "Doe", "EmailAddress": "jane.roe@example.com", "Telephone": null,
            "DateOfBirth": "1985-06-20",
            "Address": { "Line1": "123 Main Street", "Line2": null, "Town": "London", "Postcode": "SW1A1AA", "CountryCode": "GB" },
            "Employment": { "EmployerName": "Example Ltd", "JobTitle": "Engineer", "Type": "FULL_TIME", "MonthlyIncome": 4500.00 },
        },
        "Documents": [{ "Type": "drivingLicense", "ContentType": "application/pdf", "Content": "JVBERi0xLjQK" }],
    })
}

fn propose(simulators: &Simulators, proposal: &Value) -> Reply {
    simulators.alphabet("POST", "proposals", Some(proposal))
}

#[test]
fn a_proposal_is_submitted_and_later_accepted() {
    let simulators = Simulators::start();
    let unknown = simulators.alphabet("GET", "proposals/TL-1", None);
    assert_eq!(
        (unknown.status, &unknown.json()["Error"]["Code"]),
        (404, &json!("ProposalNotFound"))
    );

    let submitted = propose(&simulators, &proposal("TL-1", &quoted(&simulators)));
    let mut expected = json!({
        "HasError": false, "Reference": "TL-1", "ProposalReference": "AP101", "Status": "Submitted", "Reason": null,
    });
    assert_eq!((submitted.status, submitted.json()), (200, expected.clone()));
    expected["Status"] = json!("Accepted");
    assert_eq!(simulators.alphabet("GET", "proposals/TL-1", None).json(), expected);
}

#[test]
fn the_same_proposal_again_is_a_second_search() {
    let simulators = Simulators::start();
    let proposal = proposal("TL-1", &quoted(&simulators));
    for searches in 1..=2 {
        assert_eq!(propose(&simulators, &proposal).json()["ProposalReference"], "AP101");
        assert_eq!(simulators.control("alphabet/searches"), json!({ "TL-1": searches }));
    }
    assert_eq!(simulators.control("lex/searches"), json!({}));
}

#[test]
fn what_cannot_be_proposed_is_an_error_and_no_search() {
    let simulators = Simulators::start();
    let quotation = quoted(&simulators);
    for unknown in ["CW-0", "CW-20002", "CW-020001", "20001"] {
        let refused = propose(&simulators, &proposal("TL-1", &json!(unknown)));
        assert_eq!(
            (refused.status, &refused.json()["Error"]["Code"]),
            (200, &json!("QuoteNotFound"))
        );
    }
    let mut wrong = proposal("TL-1", &quotation);
    wrong["Customer"]["Address"]["Postcode"] = json!("12345");
    wrong["Customer"]["Surname"] = json!("");
    let refused = propose(&simulators, &wrong);
    assert_eq!(refused.status, 400);
    let refused = refused.json();
    assert_eq!(
        (&refused["HasError"], &refused["Error"]["Code"]),
        (&json!(true), &json!("InvalidRequest"))
    );
    assert_eq!(
        refused["Error"]["TechnicalMessage"],
        "Customer.Surname must not be empty; Customer.Address.Postcode must be a UK postcode"
    );
    assert_eq!(simulators.control("alphabet/searches"), json!({}));

    assert_eq!(
        propose(&simulators, &proposal("TL-1", &quotation)).json()["HasError"],
        false
    );
    let other = propose(&simulators, &proposal("TL-2", &quotation)).json();
    assert_eq!(other["Error"]["Code"], "AlreadyProposed");
    assert_eq!(simulators.control("alphabet/searches"), json!({ "TL-1": 1 }));
}

#[test]
fn decisions_have_alphabets_spelling() {
    let simulators = Simulators::start();
    for (surname, status) in [
        ("Referred", "Referred"),
        ("DECLINED", "Declined"),
        ("accepted", "Accepted"),
    ] {
        let mut proposal = proposal(surname, &quoted(&simulators));
        proposal["Customer"]["Surname"] = json!(surname);
        let answered = propose(&simulators, &proposal).json();
        assert_eq!(
            (&answered["Status"], answered["Reason"].is_null()),
            (&json!(status), status == "Accepted")
        );
        assert_eq!(
            simulators.alphabet("GET", &format!("proposals/{surname}"), None).json(),
            answered
        );
    }
}
