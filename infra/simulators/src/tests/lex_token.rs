//! Lex's token: each refusal names the check that failed.

use serde_json::{Value, json};

use super::{CALCULATE, REQUEST_ID, Simulators, bearer, claims, example, now, sign};

fn refused(simulators: &Simulators, authorization: Option<&str>, reason: &str) {
    let mut headers = vec![("x-lbg-request-id", REQUEST_ID)];
    headers.extend(authorization.map(|value| ("authorization", value)));
    // The body is wrong too: Lex checks the token first.
    let reply = simulators.request("POST", CALCULATE, &headers, Some("not JSON"));
    assert_eq!(reply.status, 401, "{reason}: {}", reply.text);
    let error = reply.error();
    assert_eq!(error["code"], "UNAUTHORISED");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(reason), "expected {reason:?} in {message:?}");
}

fn with(name: &str, value: Value) -> String {
    let mut claims = claims();
    claims[name] = value;
    bearer(&claims)
}

#[test]
fn refuses_a_token_of_another_form_or_key() {
    let simulators = Simulators::start();
    refused(&simulators, None, "Authorization header is missing");
    refused(&simulators, Some("Basic dGVzdDp0ZXN0"), "not a bearer token");
    refused(&simulators, Some("Bearer abc"), "three parts");
    refused(&simulators, Some("Bearer a.b"), "three parts");
    refused(&simulators, Some("Bearer !.e30.e30"), "header is not base64url");

    let claims = claims().to_string();
    refused(&simulators, Some(&sign("{}", &claims, "test-lex-secret")), "alg");
    refused(
        &simulators,
        Some(&sign(r#"{"alg":"none"}"#, &claims, "test-lex-secret")),
        "alg",
    );
    refused(
        &simulators,
        Some(&sign(r#"{"alg":"HS512"}"#, &claims, "test-lex-secret")),
        "alg",
    );
    refused(
        &simulators,
        Some(&sign(r#"{"alg":"HS256"}"#, &claims, "another-secret")),
        "signature",
    );
    let unsigned = sign(r#"{"alg":"HS256"}"#, &claims, "test-lex-secret");
    let (signed, _) = unsigned.rsplit_once('.').unwrap();
    refused(&simulators, Some(&format!("{signed}.")), "signature");
    refused(
        &simulators,
        Some(&sign(r#"{"alg":"HS256"}"#, "[]", "test-lex-secret")),
        "claims are not JSON",
    );
    let twice = claims.replacen('{', r#"{"sub":"other","#, 1);
    refused(
        &simulators,
        Some(&sign(r#"{"alg":"HS256"}"#, &twice, "test-lex-secret")),
        "twice",
    );
}

#[test]
fn refuses_claims_that_are_not_exactly_lexs() {
    let simulators = Simulators::start();
    for name in ["sub", "nbf", "exp", "iat", "lbg_major_dealerid", "lbg_minor_dealerid"] {
        let mut lacking = claims();
        lacking.as_object_mut().unwrap().remove(name);
        refused(
            &simulators,
            Some(&bearer(&lacking)),
            &format!("claim {name} is missing"),
        );
    }
    refused(
        &simulators,
        Some(&with("aud", json!("lex"))),
        "claim aud is not expected",
    );
    for name in ["sub", "lbg_major_dealerid", "lbg_minor_dealerid"] {
        refused(
            &simulators,
            Some(&with(name, json!(5))),
            &format!("claim {name} must be a string"),
        );
        refused(
            &simulators,
            Some(&with(name, json!("stranger"))),
            &format!("claim {name} is not known"),
        );
    }
    for name in ["nbf", "exp", "iat"] {
        let integer = format!("claim {name} must be a JSON integer");
        refused(&simulators, Some(&with(name, json!(now().to_string()))), &integer);
        refused(&simulators, Some(&with(name, json!(1.5))), &integer);
    }
}

#[test]
fn refuses_a_token_outside_its_time() {
    let simulators = Simulators::start();
    refused(&simulators, Some(&with("exp", json!(now() - 1))), "expired");
    refused(&simulators, Some(&with("nbf", json!(now() + 60))), "not valid yet");
    refused(
        &simulators,
        Some(&with("iat", json!(now() + 86_400 - 7 * 86_400 - 5))),
        "longer than 7 days",
    );
    refused(&simulators, Some(&with("iat", json!(i64::MIN))), "longer than 7 days");
}

#[test]
fn takes_a_token_of_seven_days() {
    let simulators = Simulators::start();
    let mut claims = claims();
    claims["exp"] = json!(claims["iat"].as_i64().unwrap() + 7 * 86_400);
    let authorization = bearer(&claims);
    let headers = [
        ("authorization", authorization.as_str()),
        ("x-lbg-request-id", REQUEST_ID),
    ];
    let reply = simulators.request("POST", CALCULATE, &headers, Some(&example().to_string()));
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[test]
fn wants_a_request_id() {
    let simulators = Simulators::start();
    let authorization = bearer(&claims());
    for id in [
        None,
        Some("12"),
        Some("0b9f4c0e3a554a519d0a6f5f6f6c2f10"),
        Some("0b9f4c0e-3a55-4a51-9d0a-6f5f6f6c2f1g"),
    ] {
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(id.map(|id| ("x-lbg-request-id", id)));
        let reply = simulators.request("POST", CALCULATE, &headers, Some(&example().to_string()));
        assert_eq!(reply.status, 400, "{id:?}");
        assert_eq!(reply.error()["code"], "INVALID_FIELD");
        assert_eq!(reply.fields(), ["X-Lbg-Request-Id"]);
    }
}
