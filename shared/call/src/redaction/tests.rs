//! What an attacker would put into a place that may be logged.

use serde_json::{Value, json};

use super::*;
use crate::Shown::{
    Code, Count, Date, Flag, Hidden, Id, Known, List, Message, Number, Object, Place, Places, Uuid, Word,
};

const LOGGABLE: Loggable = Loggable {
    request: &[
        ("id", Uuid),
        ("term", Number),
        ("name", Hidden),
        ("person", Object(&[("street", Hidden), ("term", Hidden)])),
    ],
    answer: &[
        ("id", Id(&["Q"])),
        ("term", Number),
        ("terms", List(&Number)),
        ("page", Count),
        ("currency", Known(|text| text == "GBP")),
        ("enabled", Flag),
        ("until", Date),
        ("status", Word(&["Open", "Shut"])),
        ("input", Hidden),
        ("detail", Message),
        (
            "detail",
            List(&Object(&[
                ("code", Code(&["Known"])),
                ("field", Place),
                ("message", Message),
            ])),
        ),
        ("errors", Places(&List(&Message))),
    ],
    place_words: &["body"],
};

const REQUEST: &str = r#"{"name":"John Doe","person":{"street":"Ash Lane 7"},"mail":"j.smith@example.org",
    "Brünnhilde":1,"all":["de la Cruz"],"id":"850101-1234"}"#;

fn hide(_: &str) -> String {
    "-".to_owned()
}

fn answered(request: &str, body: &str) -> String {
    Redaction::new(&LOGGABLE, request.as_bytes(), &hide).answer(body.as_bytes())
}

/// The redacted answer to [`REQUEST`].
fn seen(body: &Value) -> Value {
    serde_json::from_str(&answered(REQUEST, &body.to_string())).unwrap()
}

#[test]
fn a_value_in_its_place_and_of_its_form_stands() {
    for body in [
        json!({"id": "Q12345"}),
        json!({"term": -1234567.89, "terms": [0.125, 36]}),
        json!({"term": "450.00", "page": 12000, "currency": "GBP"}),
        json!({"enabled": true}),
        json!({"enabled": 1}),
        json!({"until": "2026-01-05"}),
        json!({"until": "2026-01-05T10:20:00.123+01:00"}),
        json!({"status": "Open"}),
        json!({"detail": [{"code": "Known", "field": "body.person.street"}, {"code": "type_error.enum", "field": 7}]}),
        json!({"errors": {"$.person.street[0]": ["must be there"]}}),
        json!({"detail": "must be there"}),
    ] {
        assert_eq!(seen(&body), body);
    }
    let request = Redaction::new(&LOGGABLE, br#"{"id":"0190d5a0-0000-7000-8000-000000000001"}"#, &hide).request();
    assert_eq!(request, r#"{"id":"0190d5a0-0000-7000-8000-000000000001"}"#);
}

#[test]
fn a_value_of_another_form_is_redacted_in_its_place() {
    for (name, value) in [
        ("id", json!("850101-1234")),
        ("id", json!("Quentin")),
        ("id", json!("Q1 John")),
        ("id", json!(12345)),
        ("term", json!(8501011234_u64)),
        ("term", json!("8501011234")),
        ("page", json!(850101)),
        ("page", json!(-1)),
        ("page", json!("36")),
        ("currency", json!("HIV")),
        ("term", json!(850101.1234)),
        ("term", json!(1e300)),
        ("terms", json!(36)),
        ("term", json!(true)),
        ("enabled", json!(2)),
        ("enabled", json!("true")),
        ("until", json!("1985-06-20")),
        ("until", json!("2014-12-31T00:00:00Z")),
        ("until", json!("2026-01-05 John")),
        ("until", json!("20260105")),
        ("status", json!("HIV-positive")),
        ("status", json!("open")),
        ("status", json!("Op\u{e9}n")),
        ("detail", json!(7)),
        ("errors", json!("must be there")),
    ] {
        assert_eq!(seen(&json!({ name: value })), json!({name: "-"}), "{value}");
    }
    let list = json!({"terms": [850101, [850101], {"term": 36}]});
    assert_eq!(seen(&list), json!({"terms": [850101, ["-"], {"-": "-"}]}));
    let object = json!({"term": {"term": 36}, "status": ["Open"]});
    assert_eq!(seen(&object), json!({"term": {"-": "-"}, "status": ["-"]}));
}

#[test]
fn a_known_name_elsewhere_is_a_name_of_the_callers() {
    let body =
        json!({"input": {"id": "Q1", "term": 36}, "detail": [{"term": 36}], "Term": 36, "850101-1234": {"id": "Q1"}});
    let hidden = json!({"input": {"-": "-"}, "detail": [{"-": "-"}], "-": {"-": "-"}});
    let text = answered(REQUEST, &body.to_string());
    assert_eq!(text.matches("\"-\":").count(), 6, "{text}");
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&shown["input"], &shown["detail"]),
        (&hidden["input"], &hidden["detail"])
    );
    for body in [
        "\"John\"",
        "7",
        "[\"John\"]",
        "[{\"term\":36}]",
        "John",
        "code=John&term=36",
    ] {
        let text = answered(REQUEST, body);
        assert!(
            !text.contains("John") && !text.contains("36") && !text.contains('7'),
            "{text}"
        );
    }
}

#[test]
fn a_code_is_known_or_repeats_nothing_of_the_request() {
    let code = |code: &str| seen(&json!({"detail": [{"code": code}]}))["detail"][0]["code"].clone();
    for stands in ["Known", "VehicleNotFound", "type_error.enum", "UNAUTHORISED"] {
        assert_eq!(code(stands), stands);
    }
    for hidden in [
        "HIV-positive",
        "JohnDoe",
        "doe",
        "DOE_UNKNOWN",
        "Smith",
        "A1",
        "850101",
        "a b",
        "",
        "Caf\u{e9}",
    ] {
        assert_eq!(code(hidden), "-", "{hidden}");
    }
    // Nothing to compare with.
    let body = r#"{"detail":[{"code":"JohnDoe"},{"code":"Known"}]}"#;
    assert_eq!(answered("", body), r#"{"detail":[{"code":"-"},{"code":"Known"}]}"#);
}

#[test]
fn a_place_has_names_of_the_schema_only() {
    for hidden in [
        "John",
        "person.John",
        "term.85.01.01",
        "term[850101]",
        "person street",
        "term@example.com",
        "$.person['street']",
    ] {
        let body = json!({"detail": [{"field": hidden}], "errors": {hidden: ["must be there"]}});
        assert_eq!(seen(&body), json!({"detail": [{"field": "-"}], "errors": {"-": ["-"]}}));
    }
}

#[test]
fn a_message_repeats_nothing_of_the_request() {
    let message = |text: &str| seen(&json!({"detail": text}))["detail"].as_str().unwrap().to_owned();
    for (text, logged) in [
        ("We do not know this vehicle.", "We do not know this vehicle."),
        ("a term of 12 months", "a term of ## months"),
        ("12.5% of 1,000", "##.#% of #,###"),
        ("no quote Q12345 at SW1A 1AA", "no quote ###### at #### ###"),
        ("JOHN doe's line", "*** ***'s line"),
        ("JohnDoe and Johns", "*** and ***"),
        ("Delacruz, Smith", "***, ***"),
        ("ask jo@else.example now", "ask ***@***.*** now"),
        ("Brünnhilde, Zoë", "***, ***"),
        ("٣٤\u{202e}\u{0}ends", "##  ends"),
        ("\"quoted\" \\ text", "\"quoted\" \\ text"),
    ] {
        assert_eq!(message(text), logged);
    }
    let long = format!("{}John {}", "a word ".repeat(27), "Johnson".repeat(40));
    assert!(message(&long).ends_with("a word ***"), "{}", message(&long));
}

#[test]
fn a_message_that_cannot_be_compared_is_redacted() {
    let body = r#"{"detail":"must be there"}"#;
    let many: Vec<String> = (1000..2001_u32).map(word).collect();
    let prose = "so ".repeat(200);
    for (request, stands) in [
        ("", false),
        ("--boundary\r\nJohn", false),
        ("{}", true),
        (json!({ "many": many }).to_string().as_str(), false),
        (json!({"prose": prose}).to_string().as_str(), false),
        (json!({"document": prose.replace(' ', "/")}).to_string().as_str(), true),
    ] {
        let expected = if stands { body } else { r#"{"detail":"-"}"# };
        assert_eq!(answered(request, body), expected, "{request:.40}");
    }
}

/// A word of letters for each number.
fn word(number: u32) -> String {
    let letters = number.to_string();
    letters.bytes().map(|digit| char::from(digit + 49)).collect()
}
