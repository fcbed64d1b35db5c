//! Refused requests: the wording of the error, and that they change nothing.

use runtime::testing::TestResponse;

use super::fixtures::{
    CASE, CASES, COMPANY, ROUTES, Route, UPDATE, cases, changes, dealer_with_case, json, new_dealer, stored, woken,
};
use crate::testing::permit;

/// Path and first message of each error.
fn errors(got: &TestResponse) -> Vec<(String, String)> {
    let body = got.json();
    let errors = body["errors"].as_object().unwrap_or_else(|| panic!("{body}"));
    let first = errors
        .iter()
        .map(|(path, messages)| (path.clone(), messages[0].as_str().unwrap().to_owned()));
    first.collect()
}

#[tokio::test(start_paused = true)]
async fn bad_bodies_are_reported_by_path_and_change_nothing() {
    let dealer = dealer_with_case().await;
    let before = stored(&dealer);
    for (body, path) in [
        ("{\"dealer\": 80", "$"),
        ("{\"customer\": {\"details\": nope}}", "$.customer.details"),
        ("", "$"),
        ("[]", "$"),
        (r#"{"dealer":808,"dealer":809}"#, "$"),
        (r#"{"dealer":808,"Dealer":808}"#, "$.Dealer"),
        (r#"{"dealer":"eight"}"#, "$.dealer"),
        (r#"{"dealer":null}"#, "$.dealer"),
        (
            r#"{"calculation":{"downPayment":"a lot"}}"#,
            "$.calculation.downPayment",
        ),
        (r#"{"calculation":{"downPayment":1e400}}"#, "$.calculation.downPayment"),
        (
            r#"{"caseObject":{"expenses":[{"typeCode":1}]}}"#,
            "$.caseObject.expenses[0]",
        ),
        (
            r#"{"caseObject":{"objectRegistry":{"deliveryDate":"soon"}}}"#,
            "$.caseObject.objectRegistry.deliveryDate",
        ),
    ] {
        let got = dealer.put(CASE, body).await;
        assert_eq!(got.status, 400, "{body}: {}", got.text);
        assert_eq!(got.json()["title"], "One or more validation errors occurred.");
        let errors = errors(&got);
        assert_eq!(errors[0].0, path, "{body}: {errors:?}");
    }
    assert_eq!(stored(&dealer), before);
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(32), "]".repeat(32));
    assert_eq!(dealer.put(CASE, &deep).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_looks_as_the_spec_shows_it() {
    let dealer = dealer_with_case().await;
    let body = "{\n\"caseObject\": {\n\"objectRegistry\": {\"deliveryDate\": \"1\"}\n}\n}";
    let got = dealer.put(CASE, body).await;
    let mut problem = got.json();
    let trace = problem["traceId"].take();
    assert!(
        trace.as_str().unwrap().starts_with("00-") && trace.as_str().unwrap().len() == 55,
        "{trace}"
    );
    assert_eq!(
        problem,
        serde_json::json!({
            "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
            "title": "One or more validation errors occurred.",
            "status": 400,
            "code": "invalid",
            "errors": {
                "updateCase": ["The updateCase field is required."],
                "$.caseObject.objectRegistry.deliveryDate": [
                    "The JSON value could not be converted to System.DateTime. Path: \
                     $.caseObject.objectRegistry.deliveryDate | LineNumber: 2 | BytePositionInLine: 38."
                ],
            },
            "traceId": null,
        })
    );
}

#[tokio::test(start_paused = true)]
async fn refusals_have_the_members_of_the_samples() {
    let dealer = dealer_with_case().await;
    let misdated = r#"{"caseObject":{"objectRegistry":{"deliveryDate":"1"}}}"#;
    let invalid = dealer.put(CASE, misdated).await;
    let anonymous = dealer.anonymous().get(CASE).await;
    dealer.fakes.store.set_down(true);
    let failed = dealer.get(CASE).await;
    for (got, status, sample) in [
        (invalid, 400, include_str!("../../../fixtures/problem-validation.json")),
        (
            anonymous,
            401,
            include_str!("../../../fixtures/problem-unauthenticated.json"),
        ),
        (failed, 503, include_str!("../../../fixtures/problem-internal.json")),
    ] {
        assert_eq!(got.status, status);
        let problem = got.json();
        for (member, value) in json(sample).as_object().unwrap() {
            assert!(
                problem[member].is_string() == value.is_string(),
                "{member} in {problem}"
            );
            if ["type", "title", "status"].contains(&member.as_str()) {
                assert_eq!(&problem[member], value);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_case_needs_its_three_codes() {
    let dealer = new_dealer().await;
    let got = dealer.post(CASES, "{}").await;
    let paths: Vec<_> = errors(&got).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        (got.status, paths),
        (
            400,
            vec!["$.agreementCode".into(), "$.brandCode".into(), "$.dealer".into()]
        )
    );
    assert!(cases(&dealer).is_empty() && woken(&dealer).is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_json_of_some_size_is_read() {
    let dealer = dealer_with_case().await;
    let plain = dealer.put(CASE, UPDATE).header("content-type", "text/plain");
    assert_eq!(plain.await.status, 415);
    let note = |letters: usize| format!(r#"{{"note{letters}":"{}"}}"#, "x".repeat(letters));
    assert_eq!(dealer.put(CASE, note(256 * 1024)).await.status, 413);
    assert_eq!(dealer.put(CASE, note(200 * 1024)).await.status, 200);
    // Each is small enough, and the case would be too large.
    assert_eq!(dealer.put(CASE, note(100 * 1024)).await.status, 413);
    assert_eq!(changes(&dealer, 1).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sequence_is_a_number() {
    let dealer = dealer_with_case().await;
    for route in ROUTES.into_iter().filter(|route| *route != Route::Create) {
        for sequence in [
            "one",
            "",
            "-1",
            "+1",
            "0",
            "1.0",
            "99999999999999999999999",
            "1e0",
            "１",
        ] {
            let got = route.request(&dealer, sequence, route.sample()).await;
            assert_eq!(
                (got.status, errors(&got)[0].0.as_str()),
                (400, "sequence"),
                "{route:?} {sequence}"
            );
        }
        assert_eq!(
            route.request(&dealer, "2", route.sample()).await.status,
            404,
            "{route:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_organisation_is_required() {
    let dealer = dealer_with_case().await;
    for (route, body, path) in [
        (Route::Score, "{}", "$.organizationNumber"),
        (
            Route::Score,
            r#"{"organizationNumber":76198268}"#,
            "$.organizationNumber",
        ),
        (Route::Score, r#"{"organizationNumber":" "}"#, "$.organizationNumber"),
        (
            Route::Score,
            r#"{"organizationNumber":"123456789012345678901234567890123"}"#,
            "$.organizationNumber",
        ),
        (Route::Consent, r#"{"organizationNumber":"1"}"#, "$.email"),
    ] {
        let got = route.request(&dealer, "1", body).await;
        assert_eq!((got.status, errors(&got)[0].0.as_str()), (400, path), "{body}");
    }
    assert_eq!(changes(&dealer, 1).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn codes_outside_the_lists_are_forbidden() {
    let dealer = dealer_with_case().await;
    for (member, code) in [("dealer", 809), ("brandCode", 2), ("agreementCode", 3702)] {
        let got = dealer
            .put(CASE, format!(r#"{{"{}":{code}}}"#, member.to_uppercase()))
            .await;
        assert_eq!(
            (got.status, got.json()["title"].as_str()),
            (403, Some("Forbidden")),
            "{member}"
        );
        let mut body = json(COMPANY);
        body[member] = code.into();
        assert_eq!(dealer.post(CASES, body.to_string()).await.status, 403, "{member}");
    }
    assert_eq!((cases(&dealer).len(), changes(&dealer, 1).await.len()), (1, 1));
    // A brand that was removed from the list stays in the case, and no request may give it again.
    permit(&dealer, "dealer", |channel| {
        channel.permissions.allowed_brand_codes.clear()
    })
    .await;
    assert_eq!(dealer.put(CASE, r#"{"externalSystemReference":"x"}"#).await.status, 200);
    assert_eq!(dealer.put(CASE, r#"{"brandCode":11}"#).await.status, 403);
    assert_eq!(dealer.post(CASES, COMPANY).await.status, 403);
}
