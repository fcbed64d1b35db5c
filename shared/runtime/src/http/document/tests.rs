//! What is read, what is refused, and in which words.

use model::product::NewProduct;
use model::proposal::ProposalRequest;
use model::quote::QuoteRequest;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::testing::assert_faults_are_named;

const SAMPLE: &str = include_str!("../../../../../events/bodies/quote.json");

fn body(text: &str) -> Parts<'_> {
    Parts {
        content_type: Some("application/json"),
        body: Cow::Borrowed(text.as_bytes()),
        ..Parts::default()
    }
}

fn refused(text: &str) -> (Kind, String, String) {
    let error = QuoteRequest::read(&body(text)).err().unwrap();
    let field = error.fields.first().cloned();
    (
        error.kind,
        field.as_ref().map(|f| f.path.clone()).unwrap_or_default(),
        field.map(|f| f.message).unwrap_or_default(),
    )
}

#[derive(Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
struct QuotePage {
    #[garde(skip)]
    id: u64,
    #[garde(range(min = 1, max = 100))]
    limit: Option<u32>,
    #[garde(skip)]
    small: Option<u16>,
    #[garde(skip)]
    dry_run: Option<bool>,
    #[garde(skip)]
    name: Option<String>,
}

fn page(path: &str, query: &str, body: &str) -> Result<QuotePage> {
    let path = [("id".to_owned(), path.to_owned())].into();
    let content_type = Some("application/json; charset=utf-8");
    QuotePage::read(&Parts {
        path,
        query,
        content_type,
        body: Cow::Borrowed(body.as_bytes()),
        ..Parts::default()
    })
}

#[test]
fn the_sample_is_read() {
    let ask = QuoteRequest::read(&body(SAMPLE)).ok().unwrap();
    assert_eq!(ask.vehicle_details.price.0.minor, 3_800_000);
    assert_eq!(ask.customer_details.address.unwrap().country, "GB");
}

#[test]
fn url_and_body_are_one_document() {
    let page = page("7", "limit=5&small=6&dryRun=true", r#"{"name":"5"}"#).unwrap();
    assert_eq!(
        (page.id, page.limit, page.small, page.dry_run, page.name.as_deref()),
        (7, Some(5), Some(6), Some(true), Some("5"))
    );
}

#[test]
fn a_repeated_member_that_the_type_lacks_is_ignored() {
    for query in [
        "status[]=a&status[]=b&limit=5",
        "utm=1&limit=5&utm=2",
        "limit=5&other=x",
    ] {
        let page = page("7", query, r#"{"other":"y"}"#).unwrap();
        assert_eq!((page.id, page.limit), (7, Some(5)), "{query}");
    }
}

#[test]
fn a_body_is_read_in_utf_8_only() {
    let sent = |content_type, content_encoding, body: &[u8]| {
        let parts = Parts {
            path: [("id".to_owned(), "7".to_owned())].into(),
            content_type: Some(content_type),
            content_encoding,
            body: Cow::Borrowed(body),
            ..Parts::default()
        };
        let raw = Raw::read(&parts).map(|raw| raw.body);
        (QuotePage::read(&parts).map(|page| page.name), raw)
    };
    let (marked, raw) = sent(
        "application/json",
        Some("identity"),
        b"\xef\xbb\xbf{\"name\":\"\xc3\xa9\"}",
    );
    assert_eq!(marked.unwrap().as_deref(), Some("\u{e9}"));
    assert!(
        raw.unwrap().starts_with(b"\xef\xbb\xbf{"),
        "a signature covers the mark"
    );
    for (content_type, content_encoding) in [
        ("application/json; charset=iso-8859-1", None),
        ("application/json", Some("gzip")),
    ] {
        let (read, raw) = sent(content_type, content_encoding, b"{}");
        assert_eq!(read.unwrap_err().kind, Kind::UnsupportedMedia, "{content_type}");
        assert_eq!(raw.unwrap_err().kind, Kind::UnsupportedMedia, "{content_type}");
        let (read, raw) = sent(content_type, content_encoding, b"");
        assert!(read.is_ok() && raw.is_ok(), "there is no body");
    }
}

#[test]
fn a_member_in_two_places_must_agree() {
    assert!(page("7", "", r#"{"id":7,"name":"x"}"#).is_ok());
    assert!(page("7", "name=x", r#"{"name":"x"}"#).is_ok());
    for (query, body) in [
        ("id=8", ""),
        ("", r#"{"id":8}"#),
        ("name=y", r#"{"name":"x"}"#),
        ("name=a&name=b", ""),
    ] {
        assert_eq!(
            page("7", query, body).unwrap_err().kind,
            Kind::Malformed,
            "{query} {body}"
        );
    }
}

#[test]
fn a_path_that_cannot_be_an_id_names_nothing() {
    assert_eq!(page("seven", "", "").unwrap_err().kind, Kind::NotFound);
    assert_eq!(page("7", "limit=0", "").unwrap_err().fields[0].path, "limit");
    assert_eq!(page("7", "limit=many", "").unwrap_err().kind, Kind::Invalid);
}

#[test]
fn malformed_is_not_the_same_as_invalid() {
    for text in [
        "{",
        "[]",
        "nul",
        "\"x\"",
        "{\"a\":1}{",
        "{\"a\":NaN}",
        "\u{feff}",
        " \u{feff}{}",
    ] {
        assert_eq!(refused(text).0, Kind::Malformed, "{text}");
    }
    assert_eq!(
        refused("{}"),
        (Kind::Invalid, "customerDetails".into(), "is missing".into())
    );
}

#[test]
fn duplicates_and_depth_are_refused_anywhere() {
    for text in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"\u0061":2}]}"#] {
        assert_eq!(refused(text).0, Kind::Malformed, "{text}");
    }
    let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert_eq!(refused(&nested(33)).0, Kind::Malformed);
    assert_eq!(refused(&nested(32)).0, Kind::Invalid, "deep enough, but not a quote");
    assert_eq!(refused(&format!("{{\"a\":{}", "[".repeat(200_000))).0, Kind::Malformed);
}

#[test]
fn what_does_not_fit_is_named_by_its_path() {
    let spoil = |from: &str, to: &str| {
        let text = SAMPLE.replacen(from, to, 1);
        assert_ne!(text, SAMPLE, "{from}");
        refused(&text)
    };
    for (from, to, path) in [
        ("38000", "-38000", "vehicleDetails.price"),
        ("38000", "\"38000\"", "vehicleDetails.price"),
        ("38000", "0.001", "vehicleDetails.price"),
        ("38000", "null", "vehicleDetails.price"),
        ("2500", "-0.01", "contractDetails.deposit"),
        ("4500", "-1", "customerDetails.employment.monthlyIncome"),
        ("\"term\": 36", "\"term\": 0", "contractDetails.term"),
        ("\"term\": 36", "\"term\": 36.5", "contractDetails.term"),
        ("\"term\": 36,", "", "contractDetails.term"),
        ("SANDBOX", "live", "environment"),
        ("PERSONAL_CONTRACT_HIRE", "BORROW", "contractDetails.quoteType"),
        ("john.doe@example.com", "[email protected]", "customerDetails.email"),
        ("1985-06-20", "20/06/1985", "customerDetails.dateOfBirth"),
        ("\"John\"", "\"\"", "customerDetails.firstName"),
        ("\"John\"", "{}", "customerDetails.firstName"),
    ] {
        let (kind, at, why) = spoil(from, to);
        assert_eq!((kind, at.as_str()), (Kind::Invalid, path), "{from} -> {to}");
        assert!(
            !why.contains("BORROW") && !why.contains("20/06") && !why.contains("protected"),
            "{why}"
        );
    }
    assert!(spoil("SANDBOX", "MOON").2 == "must be one of SANDBOX, LIVE");
}

#[test]
fn only_json_within_the_limit_is_read() {
    for content_type in [
        None,
        Some("text/plain"),
        Some("multipart/form-data"),
        Some("application/jsonx"),
    ] {
        let error = QuoteRequest::read(&Parts {
            content_type,
            ..body(SAMPLE)
        })
        .err()
        .unwrap();
        assert_eq!(error.kind, Kind::UnsupportedMedia, "{content_type:?}");
    }
    assert!(
        QuoteRequest::read(&Parts {
            content_type: Some("Application/Problem+JSON"),
            ..body(SAMPLE)
        })
        .is_ok()
    );
    let large = format!("{SAMPLE}{}", " ".repeat(LIMIT));
    assert_eq!(refused(&large).0, Kind::TooLarge);
}

#[test]
fn every_fault_of_a_request_is_named() {
    assert_faults_are_named::<QuoteRequest>(SAMPLE, &[]);
    assert_faults_are_named::<QuotePage>(r#"{"limit":5,"small":1,"dryRun":true,"name":"x"}"#, &[("id", "7")]);
    let proposal = r#"{"quoteId":"018cd5ce-4c00-7000-8000-000000000000","additionalDocuments":{"x":"eA=="},
        "additionalCustomerDetails":{"phone":"12345","dateOfBirth":"1985-06-20","employment":{"monthlyIncome":4500.50}}}"#;
    assert_faults_are_named::<ProposalRequest>(proposal, &[]);
    let product = r#"{"name":"Fast","description":"d","enabled":true,"meta":{"a":"b"},"productType":"utilities_tv",
        "fulfilment":{"kind":"auto","requiredInputs":["a"]}}"#;
    assert_faults_are_named::<NewProduct>(product, &[]);
}

#[test]
fn faults_of_url_and_body_are_named_at_once() {
    let named = |error: Error| {
        error
            .fields
            .into_iter()
            .map(|field| (field.path, field.message))
            .collect::<Vec<_>>()
    };
    let error = page("7", "limit=0&small=many", r#"{"dryRun":"x","name":3}"#).unwrap_err();
    assert_eq!(
        named(error),
        [
            ("dryRun", "must be true or false"),
            ("name", "must be text"),
            ("small", "must be a whole number"),
            ("limit", "lower than 1"),
        ]
        .map(|(path, why)| (path.to_owned(), why.to_owned()))
    );
    assert_eq!(page("seven", "limit=0", "{}").unwrap_err().kind, Kind::NotFound);
    assert_eq!(
        page("7", "name=n", r#"{"limit":5.0,"small":null,"name":null}"#)
            .unwrap()
            .limit,
        Some(5)
    );
}

#[test]
fn a_callback_needs_an_address() {
    let product = r#"{"name":"Fast","productType":"utilities_tv","fulfilment":{"kind":"callback"}}"#;
    let error = NewProduct::read(&body(product)).unwrap_err();
    assert_eq!(
        (error.fields[0].path.as_str(), error.fields[0].message.as_str()),
        ("fulfilment.url", "is missing")
    );
    let product = product.replace("callback", "post");
    let error = NewProduct::read(&body(&product)).unwrap_err();
    assert_eq!(
        (error.fields[0].path.as_str(), error.fields[0].message.as_str()),
        ("fulfilment.kind", "must be one of auto, callback, manual")
    );
    assert_eq!(error.fields.len(), 1);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let parts = Parts { content_type: Some("application/json"), body: Cow::Owned(bytes), ..Parts::default() };
        let _ = QuoteRequest::read(&parts);
    }
}
