//! Lex's proposals: how one completes a quote, and its decision.

use serde_json::{Value, json};

use super::{Reply, Simulators, example, lex_proposal};

fn complete(simulators: &Simulators, path: &str, proposal: &Value) -> Reply {
    simulators.lex("POST", &format!("{path}/complete"), Some(&proposal.to_string()))
}

#[test]
fn a_proposal_is_submitted_and_later_accepted() {
    let simulators = Simulators::start();
    let path = simulators.quoted();
    let completed = complete(&simulators, &path, &lex_proposal("TL-1", "Doe"));
    assert_eq!(
        completed.json(),
        json!({
            "quote_id": "Q10001", "proposal_id": "P101", "cust_reference": "TL-1", "status": "SUBMITTED", "reason": null,
        })
    );
    let shown = simulators.lex("GET", &path, None);
    assert_eq!((shown.status, shown.raw("monthly_rental").as_str()), (200, "340.95"));
    let shown = shown.json();
    assert_eq!(shown["status"], "COMPLETED");
    assert_eq!(
        shown["proposal"],
        json!({ "proposal_id": "P101", "cust_reference": "TL-1", "status": "ACCEPTED", "reason": null })
    );

    let again = simulators.lex("POST", &format!("{path}/recalculate"), Some(&example().to_string()));
    assert_eq!((again.status, &again.error()["code"]), (400, &json!("INVALID_STATE")));
}

#[test]
fn the_same_proposal_again_is_a_second_search_and_another_is_a_conflict() {
    let simulators = Simulators::start();
    let path = simulators.quoted();
    assert_eq!(complete(&simulators, &path, &lex_proposal("TL-1", "Doe")).status, 200);
    let other = complete(&simulators, &path, &lex_proposal("TL-2", "Doe"));
    assert_eq!(
        (other.status, &other.error()["code"]),
        (409, &json!("ALREADY_COMPLETED"))
    );
    assert_eq!(simulators.control("lex/searches"), json!({ "TL-1": 1 }));

    let same = complete(&simulators, &path, &lex_proposal("TL-1", "Doe")).json();
    assert_eq!(
        (&same["proposal_id"], &same["status"]),
        (&json!("P101"), &json!("ACCEPTED"))
    );
    assert_eq!(simulators.control("lex/searches"), json!({ "TL-1": 2 }));
    assert_eq!(simulators.control("alphabet/searches"), json!({}));
}

#[test]
fn optional_members_may_be_left_out() {
    let simulators = Simulators::start();
    let mut proposal = lex_proposal("TL-1", "Doe");
    for member in ["phone", "date_of_birth", "address", "employment"] {
        proposal["customer"][member] = Value::Null;
    }
    proposal["documents"] = json!([]);
    assert_eq!(complete(&simulators, &simulators.quoted(), &proposal).status, 200);
}

#[test]
fn lists_every_wrong_member_and_searches_nothing() {
    let simulators = Simulators::start();
    let path = simulators.quoted();
    let mut proposal = lex_proposal("", "Doe");
    proposal["customer"]["first_name"] = json!(" ");
    proposal["customer"]["email"] = json!("jane");
    proposal["customer"]["date_of_birth"] = json!("1985-02-30");
    proposal["customer"]["age"] = json!(40);
    proposal["customer"]["address"]["postcode"] = json!("12345");
    proposal["customer"]["address"]["country"] = json!("UK");
    proposal["customer"]["employment"]["monthly_income"] = json!("4500");
    proposal["documents"][0]["content_type"] = json!("text/html");
    proposal["documents"][0]["content"] = json!("not base64");
    let refused = complete(&simulators, &path, &proposal);
    let expected = [
        "cust_reference",
        "customer.age",
        "customer.first_name",
        "customer.email",
        "customer.date_of_birth",
        "customer.address.postcode",
        "customer.address.country",
        "customer.employment.monthly_income",
        "documents[0].content_type",
        "documents[0].content",
    ];
    assert_eq!(
        (refused.status, refused.fields()),
        (400, expected.map(str::to_owned).into())
    );

    let empty = complete(&simulators, &path, &json!({}));
    let required = [
        "cust_reference",
        "customer.first_name",
        "customer.last_name",
        "customer.email",
    ];
    assert_eq!(empty.fields(), required);
    let text = simulators.lex("POST", &format!("{path}/complete"), Some("nothing"));
    assert_eq!((text.status, &text.error()["code"]), (400, &json!("INVALID_BODY")));

    assert_eq!(simulators.lex("GET", &path, None).json()["proposal"], Value::Null);
    assert_eq!(simulators.control("lex/searches"), json!({}));
}

#[test]
fn takes_three_mebibytes_of_documents() {
    let simulators = Simulators::start();
    let mut proposal = lex_proposal("TL-1", "Doe");
    proposal["documents"][0]["content"] = json!("AAAA".repeat(1024 * 1024));
    assert_eq!(complete(&simulators, &simulators.quoted(), &proposal).status, 200);
}
