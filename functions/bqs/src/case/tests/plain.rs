//! Names and addresses of a case: what they must not hide, and how an e-mail address looks.

use model::json::{Document, Schema};
use serde_json::{Value, json};

use super::fixtures::{CASES, COMPANY, PRIVATE, Route, UPDATE, dealer_with_case, json as parsed, stored, woken};
use crate::case::schema::{self, CREATE};

/// The sample of a company's case with another value at this pointer.
fn with(pointer: &str, value: &Value) -> String {
    let mut case = parsed(COMPANY);
    let (outer, name) = pointer.rsplit_once('/').unwrap();
    match case.pointer_mut(outer).unwrap() {
        Value::Array(items) => items.push(value.clone()),
        object => object[name] = value.clone(),
    }
    case.to_string()
}

/// The paths of the faults.
fn refused(body: &str, schema: &Schema) -> Vec<String> {
    match Document::read(body.as_bytes(), schema) {
        Ok(_) => Vec::new(),
        Err(error) => error.fields.into_iter().map(|field| field.path).collect(),
    }
}

#[test]
fn a_name_or_an_address_hides_no_character() {
    for (pointer, path) in [
        ("/customer/details/firstName", "$.customer.details.firstName"),
        ("/customer/details/lastName", "$.customer.details.lastName"),
        (
            "/customer/details/organizationNumber",
            "$.customer.details.organizationNumber",
        ),
        (
            "/customer/signatories/0/firstName",
            "$.customer.signatories[0].firstName",
        ),
        ("/customer/signatories/0/lastName", "$.customer.signatories[0].lastName"),
        (
            "/caseObject/objectRegistry/makeName",
            "$.caseObject.objectRegistry.makeName",
        ),
        (
            "/caseObject/objectRegistry/modelName",
            "$.caseObject.objectRegistry.modelName",
        ),
        (
            "/caseObject/objectRegistry/typeName",
            "$.caseObject.objectRegistry.typeName",
        ),
        // Members that the schema does not know.
        (
            "/customer/details/addresses/0/street",
            "$.customer.details.addresses[0].street",
        ),
        ("/customer/coApplicant", "$.customer.coApplicant"),
    ] {
        assert_eq!(
            refused(&with(pointer, &json!("Sørens Fabrik 7")), &CREATE),
            [""; 0],
            "{pointer}"
        );
        for hidden in ["a\0b", "a\r\nBcc: b", "a\tb", "\u{202e}nhoJ", "a\u{200d}b", "\u{e0041}"] {
            assert_eq!(
                refused(&with(pointer, &json!(hidden)), &CREATE),
                [path],
                "{pointer} {hidden:?}"
            );
        }
    }
    let inside = json!({"names": [{"any": "a\u{2066}b"}]});
    let path = "$.customer.coApplicant.names[0].any";
    assert_eq!(refused(&with("/customer/coApplicant", &inside), &CREATE), [path]);
    // Elsewhere a text can have several lines.
    for pointer in [
        "/externalSystemReference",
        "/caseObject/objectRegistry/description",
        "/note",
    ] {
        assert_eq!(
            refused(&with(pointer, &json!("one\r\ntwo")), &CREATE),
            [""; 0],
            "{pointer}"
        );
    }
}

#[test]
fn an_address_of_a_person_is_an_e_mail_address_or_null() {
    for (pointer, path) in [
        (
            "/customer/details/addresses/0/eMail",
            "$.customer.details.addresses[0].eMail",
        ),
        ("/customer/signatories/0/eMail", "$.customer.signatories[0].eMail"),
    ] {
        for good in [json!("test@company.dk"), json!("X.Y+z@Company.DK"), Value::Null] {
            let kept = Document::read(with(pointer, &good).as_bytes(), &CREATE).unwrap();
            let kept = parsed(&kept.render().unwrap());
            assert_eq!(kept.pointer(pointer), Some(&good), "an address keeps its text");
        }
        for bad in [
            "",
            " ",
            "a",
            "a@b",
            "a b@company.dk",
            "a@company.dk\r\nBcc: b@c.dk",
            "\u{202e}a@b.dk",
            "@b.dk",
        ] {
            assert_eq!(refused(&with(pointer, &json!(bad)), &CREATE), [path], "{bad:?}");
        }
    }
    for (body, paths) in [
        (r#"{"organizationNumber":"1","email":"a@b.dk"}"#, vec![]),
        (r#"{"organizationNumber":"1","email":""}"#, vec!["$.email"]),
        (r#"{"organizationNumber":"1","email":"absent"}"#, vec!["$.email"]),
        (r#"{"organizationNumber":"1","email":"a@b.dk\u0000"}"#, vec!["$.email"]),
        (
            r#"{"organizationNumber":"1","email":null}"#,
            vec!["$.email", "businessConsent"],
        ),
        (r#"{"organizationNumber":"1"}"#, vec!["$.email"]),
    ] {
        assert_eq!(refused(body, &schema::CONSENT), paths, "{body}");
    }
}

#[test]
fn the_samples_of_the_spec_are_accepted() {
    for (sample, schema) in [(PRIVATE, CREATE), (COMPANY, CREATE), (UPDATE, schema::UPDATE)] {
        assert_eq!(refused(sample, &schema), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_case_or_consent_changes_nothing_and_sends_nothing() {
    let dealer = dealer_with_case().await;
    woken(&dealer);
    let before = stored(&dealer);
    let name = with("/customer/details/firstName", &json!("a\u{202e}b"));
    let change = json!({"customer": {"details": {"lastName": "a\0b"}}}).to_string();
    let consent = json!({"organizationNumber": "76198268", "email": ""}).to_string();
    for (got, path) in [
        (dealer.post(CASES, &name).await, "$.customer.details.firstName"),
        (
            Route::Update.request(&dealer, "1", &change).await,
            "$.customer.details.lastName",
        ),
        (Route::Consent.request(&dealer, "1", &consent).await, "$.email"),
    ] {
        assert_eq!(got.status, 400, "{}", got.text);
        assert_eq!(got.json()["title"], "One or more validation errors occurred.");
        assert!(got.json()["errors"][path].is_array(), "{}", got.text);
        assert!(!got.text.contains('\u{202e}'), "a value is not repeated");
    }
    assert_eq!(stored(&dealer), before);
    assert!(woken(&dealer).is_empty());
}
