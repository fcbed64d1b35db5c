//! Tokens that are accepted, and the many that are not.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderValue;
use ring::hmac;
use serde_json::{Value, json};

use super::*;
use crate::testing::{KEY, OTHER_KEY, auth_settings, claims};

fn now() -> Timestamp {
    "2026-01-05T10:20:00Z".parse().unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(auth_settings().into_iter().collect())
}

fn present(value: &str) -> Result<Caller> {
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
    verifier().caller(&headers, now())
}

fn bearer(token: &str) -> Result<Caller> {
    present(&format!("Bearer {token}"))
}

fn good() -> Value {
    claims("sub-1", "John.Doe@example.com", &[], now())
}

fn rs256() -> Value {
    json!({"alg": "RS256", "typ": "JWT"})
}

fn changed(member: &str, value: Value) -> Value {
    let mut claims = good();
    claims[member] = value;
    claims
}

#[test]
fn a_good_token_names_its_bearer() {
    let caller = bearer(&KEY.sign(&rs256(), &good()).unwrap()).unwrap();
    assert_eq!(
        (caller.subject.as_str(), caller.staff, caller.admin),
        ("sub-1", false, false)
    );
    assert_eq!(caller.email.unwrap().as_str(), "john.doe@example.com");
    let staff = bearer(&KEY.sign(&rs256(), &changed("roles", json!(["staff", "x"]))).unwrap()).unwrap();
    assert!(staff.staff && !staff.admin && !staff.agent);
    let admin = bearer(&KEY.sign(&rs256(), &changed("roles", json!(["admin"]))).unwrap()).unwrap();
    assert!(
        admin.staff && admin.admin && !admin.agent,
        "admin implies staff, and not agent"
    );
    let lower = present(&format!("bearer {}", KEY.sign(&rs256(), &good()).unwrap()));
    assert!(lower.is_ok(), "schemes have no case");
}

#[test]
fn an_unverified_address_is_no_address() {
    for (member, value) in [("email_verified", json!(false)), ("email", json!("not an address"))] {
        let caller = bearer(&KEY.sign(&rs256(), &changed(member, value)).unwrap()).unwrap();
        assert_eq!(caller.email, None);
    }
}

#[test]
fn both_keys_are_tried_while_one_replaces_the_other() {
    let mut settings = auth_settings();
    settings[0].1 = format!("{}{}", OTHER_KEY.public_pem, KEY.public_pem);
    let verifier = Verifier::new(settings.into_iter().collect());
    for key in [KEY, OTHER_KEY] {
        let value = format!("Bearer {}", key.sign(&rs256(), &good()).unwrap());
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap())]);
        assert!(verifier.caller(&headers, now()).is_ok());
    }
}

#[test]
fn clocks_may_differ_by_a_minute() {
    let at = |member: &str, offset: i64| {
        bearer(
            &KEY.sign(&rs256(), &changed(member, json!(now().as_second() + offset)))
                .unwrap(),
        )
        .is_ok()
    };
    assert!(at("exp", -59) && !at("exp", -60) && !at("exp", -61));
    assert!(at("nbf", 60) && !at("nbf", 61));
}

#[test]
fn hostile_claims_are_refused() {
    for (member, value) in [
        ("exp", json!(null)),
        ("exp", json!("2030")),
        ("exp", json!(-1)),
        ("iss", json!("another-issuer")),
        ("iss", json!(null)),
        ("iss", json!(["self-serve-platform"])),
        ("aud", json!("another-service")),
        ("aud", json!(["self-serve-users"])),
        ("aud", json!(null)),
        ("sub", json!("")),
        ("sub", json!(null)),
        ("nbf", json!(now().as_second() + 3600)),
        ("roles", json!("admin")),
    ] {
        let token = KEY.sign(&rs256(), &changed(member, value.clone())).unwrap();
        assert_eq!(
            bearer(&token).unwrap_err().kind,
            Kind::Unauthenticated,
            "{member}: {value}"
        );
    }
    let twice = good().to_string().replacen('{', r#"{"sub":"victim","#, 1);
    let token = KEY.sign_text(&rs256().to_string(), &twice).unwrap();
    assert_eq!(
        bearer(&token).unwrap_err().kind,
        Kind::Unauthenticated,
        "duplicate claims"
    );
}

#[test]
fn hostile_headers_are_refused() {
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "nOnE"}),
        json!({"alg": "HS256"}),
        json!({"alg": "ES256"}),
        json!({"alg": "RS512"}),
        json!({"alg": "PS256"}),
        json!({"typ": "JWT"}),
        json!({"alg": "RS256", "typ": "id_token"}),
        json!({"alg": "RS256", "typ": "JWT", "crit": ["exp"]}),
        json!({"alg": "RSA-OAEP", "enc": "A256GCM"}),
    ] {
        let token = KEY.sign(&header, &good()).unwrap();
        assert_eq!(bearer(&token).unwrap_err().kind, Kind::Unauthenticated, "{header}");
    }
    for extra in [
        json!({"jku": "http://127.0.0.1:1/keys"}),
        json!({"x5u": "http://127.0.0.1:1/cert"}),
        json!({"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}),
        json!({"kid": "../../../../dev/null"}),
        json!({"kid": "' OR 1=1 --"}),
    ] {
        let mut header = rs256();
        header
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let token = OTHER_KEY.sign(&header, &good()).unwrap();
        assert_eq!(
            bearer(&token).unwrap_err().kind,
            Kind::Unauthenticated,
            "a key of the attacker's: {header}"
        );
    }
}

#[test]
fn our_public_key_is_no_shared_secret() {
    let pem = KEY.public_pem;
    for secret in [
        pem.to_owned(),
        pem.trim_end().to_owned(),
        pem.replace('\n', "\\n"),
        pem.replace('\n', ""),
    ] {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(&good()));
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            message.as_bytes(),
        );
        let token = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(bearer(&token).unwrap_err().kind, Kind::Unauthenticated);
    }
}

#[test]
fn broken_tokens_are_refused() {
    let token = KEY.sign(&rs256(), &good()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut forged = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    forged[7] ^= 1;
    let forged = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(forged));
    for broken in [
        "",
        ".",
        "..",
        "a.b.c",
        message,
        &forged,
        &format!("{message}."),
        &format!("{token}.x"),
        &"x".repeat(100_000),
    ] {
        assert_eq!(
            bearer(broken).unwrap_err().kind,
            Kind::Unauthenticated,
            "{:.40}",
            broken
        );
    }
    for value in ["", "Bearer", "Basic dXNlcjpwYXNz", &token] {
        assert_eq!(present(value).unwrap_err().kind, Kind::Unauthenticated);
    }
    assert_eq!(
        verifier().caller(&HeaderMap::new(), now()).unwrap_err().kind,
        Kind::Unauthenticated
    );
    let mut twice = HeaderMap::new();
    for _ in 0..2 {
        twice.append(
            header::AUTHORIZATION,
            HeaderValue::from_str(&format!("Bearer {token}")).unwrap(),
        );
    }
    assert_eq!(
        verifier().caller(&twice, now()).unwrap_err().kind,
        Kind::Unauthenticated,
        "which of the two?"
    );
}

#[test]
fn a_missing_or_broken_key_is_our_mistake_and_named() {
    let token = KEY.sign(&rs256(), &good()).unwrap();
    for pem in [
        "",
        "not a key",
        "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----",
    ] {
        let mut settings = auth_settings();
        settings[0].1 = pem.into();
        let headers = HeaderMap::from_iter([(
            header::AUTHORIZATION,
            HeaderValue::from_str(&format!("Bearer {token}")).unwrap(),
        )]);
        let error = Verifier::new(settings.into_iter().collect())
            .caller(&headers, now())
            .unwrap_err();
        assert_eq!(error.kind, Kind::Misconfigured);
        assert!(error.message.contains("JWT_PUBLIC_KEY"));
    }
}

#[test]
fn a_remembered_token_still_ends() {
    let verifier = verifier();
    let value = format!("Bearer {}", KEY.sign(&rs256(), &good()).unwrap());
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap())]);
    let at = |seconds| {
        verifier
            .caller(&headers, now() + jiff::SignedDuration::from_secs(seconds))
            .is_ok()
    };
    assert!(at(0) && at(3600 + 59));
    assert!(!at(3600 + 60) && at(0));
}
