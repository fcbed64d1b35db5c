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
    changed_in(good(), member, value)
}

fn changed_in(mut claims: Value, member: &str, value: Value) -> Value {
    claims[member] = value;
    claims
}

/// A good header with these members.
fn header_with(members: &Value) -> Value {
    let mut header = rs256();
    header
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    header
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
    for (member, value) in [
        ("email_verified", json!(false)),
        ("email_verified", json!("true")),
        ("email_verified", json!(1)),
        ("email_verified", json!(null)),
        ("email_verified", json!({"at": [1]})),
        ("email", json!("not an address")),
        ("email", json!(7)),
        ("email", json!(null)),
    ] {
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
        ("aud", json!(["another-service"])),
        ("aud", json!(["self-serve-users", "another-service"])),
        ("aud", json!(["self-serve-users", "self-serve-users"])),
        ("aud", json!([["self-serve-users"]])),
        ("aud", json!([])),
        ("aud", json!(null)),
        ("sub", json!("")),
        ("sub", json!("a".repeat(256))),
        ("sub", json!(null)),
        ("exp", json!([now().as_second() + 3600])),
        ("exp", json!(1e18)),
        ("exp", json!(1e300)),
        ("nbf", json!(now().as_second() + 3600)),
        ("nbf", json!("soon")),
        ("iat", json!("now")),
        ("iat", json!(1e300)),
        ("roles", json!("admin")),
        ("roles", json!({"admin": true})),
        ("roles", json!([null])),
    ] {
        let token = KEY.sign(&rs256(), &changed(member, value.clone())).unwrap();
        assert_eq!(
            bearer(&token).unwrap_err().kind,
            Kind::Unauthenticated,
            "{member}: {value}"
        );
    }
    let positions = json!([
        "sub-1",
        "self-serve-platform",
        "self-serve-users",
        now().as_second() + 60,
        null,
        null,
        "",
        true,
        []
    ]);
    let token = KEY.sign(&rs256(), &positions).unwrap();
    assert_eq!(bearer(&token).unwrap_err().kind, Kind::Unauthenticated, "an array");
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
        json!({"alg": "RS256", "typ": "JOSE"}),
        json!({"alg": "RS256", "typ": "at+jwt2"}),
        json!({"alg": "RS256", "typ": ["JWT"]}),
        json!({"alg": "rs256", "typ": "JWT"}),
        json!(["RS256", "JWT"]),
        json!({"alg": "RSA-OAEP", "enc": "A256GCM"}),
    ] {
        let token = KEY.sign(&header, &good()).unwrap();
        assert_eq!(bearer(&token).unwrap_err().kind, Kind::Unauthenticated, "{header}");
    }
    for extra in [
        json!({"crit": ["exp"]}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"crit": []}),
        json!({"b64": false}),
        json!({"b64": true}),
        json!({"zip": "DEF"}),
        json!({"enc": "A256GCM"}),
        json!({"cty": "JWT"}),
        json!({"crit": null}),
        json!({"zip": null}),
    ] {
        let token = KEY.sign(&header_with(&extra), &good()).unwrap();
        assert_eq!(bearer(&token).unwrap_err().kind, Kind::Unauthenticated, "{extra}");
    }
}

#[test]
fn keys_in_a_header_are_ignored() {
    for extra in [
        json!({"jku": "http://127.0.0.1:1/keys"}),
        json!({"x5u": "http://127.0.0.1:1/cert"}),
        json!({"x5c": ["MIIB"]}),
        json!({"x5t": "AAAA"}),
        json!({"x5t#S256": "AAAA"}),
        json!({"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}),
        json!({"kid": "../../../../dev/null"}),
        json!({"kid": "' OR 1=1 --"}),
        json!({"kid": 7, "jku": 7, "x5u": 7, "x5c": 7, "x5t": 7, "jwk": 7}),
        json!({"kid": null, "jku": null, "x5u": null, "x5c": null, "x5t": null, "jwk": {}}),
    ] {
        let header = header_with(&extra);
        let token = OTHER_KEY.sign(&header, &good()).unwrap();
        assert_eq!(
            bearer(&token).unwrap_err().kind,
            Kind::Unauthenticated,
            "a key of the attacker's: {header}"
        );
        assert!(bearer(&KEY.sign(&header, &good()).unwrap()).is_ok(), "{header}");
    }
}

#[test]
fn a_token_may_have_the_types_of_access_tokens() {
    for typ in [
        json!("JWT"),
        json!("jwt"),
        json!("at+jwt"),
        json!("AT+JWT"),
        json!("application/at+jwt"),
        json!(null),
    ] {
        let token = KEY.sign(&header_with(&json!({"typ": typ})), &good()).unwrap();
        assert!(bearer(&token).is_ok(), "{typ}");
    }
    assert!(bearer(&KEY.sign(&json!({"alg": "RS256"}), &good()).unwrap()).is_ok());
}

#[test]
fn claims_may_have_the_forms_of_other_auth_services() {
    let second = now().as_second();
    for (member, value) in [
        ("aud", json!(["self-serve-users"])),
        ("roles", json!(null)),
        ("nbf", json!(null)),
        ("iat", json!(null)),
        ("exp", json!(1_767_610_000.25)),
        ("nbf", json!(1_767_608_400.75)),
        ("iat", json!(1_767_608_400.75)),
        ("exp", json!(f64::from(u32::try_from(second).unwrap()) + 60.0)),
    ] {
        let caller = bearer(&KEY.sign(&rs256(), &changed(member, value.clone())).unwrap());
        let caller = caller.unwrap_or_else(|error| panic!("{member} {value}: {error}"));
        assert!(!caller.staff && caller.email.is_some());
    }
    let bare = json!({"iss": "self-serve-platform", "aud": "self-serve-users", "sub": "1", "exp": second + 60});
    assert!(bearer(&KEY.sign(&rs256(), &bare).unwrap()).is_ok());
}

/// To a fraction of a second.
#[test]
fn fractions_of_a_second_count() {
    let at = |member: &str, value: f64| bearer(&KEY.sign(&rs256(), &changed(member, json!(value))).unwrap()).is_ok();
    assert_eq!(now().as_second(), 1_767_608_400);
    assert!(at("exp", 1_767_608_340.25) && !at("exp", 1_767_608_339.75));
    assert!(at("nbf", 1_767_608_459.75) && !at("nbf", 1_767_608_460.25));
}

#[test]
fn a_token_lives_for_a_day_at_most() {
    const DAY: i64 = 24 * 3600;
    let accepts = |hours: &str, iat: Option<i64>, exp: i64| {
        let at = |offset: i64| now().as_second() + offset;
        let claims = changed("exp", json!(at(exp)));
        let claims = match iat {
            Some(iat) => changed_in(claims, "iat", json!(at(iat))),
            None => changed_in(claims, "iat", Value::Null),
        };
        let value = format!("Bearer {}", KEY.sign(&rs256(), &claims).unwrap());
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap())]);
        let settings = auth_settings()
            .into_iter()
            .chain([("JWT_MAX_LIFE_HOURS", hours.into())]);
        Verifier::new(settings.collect()).caller(&headers, now()).is_ok()
    };
    let usual = |iat, exp| accepts("", iat, exp);
    assert!(usual(Some(0), DAY) && !usual(Some(0), DAY + 1));
    assert!(
        usual(Some(-DAY + 60), 60) && !usual(Some(-DAY + 60), 61),
        "however little is left"
    );
    assert!(usual(Some(50), DAY + 50), "the auth service's clock is ahead");
    assert!(usual(None, DAY + 60) && !usual(None, DAY + 61));
    let later = 3 * DAY;
    assert!(
        !usual(Some(later), later + 60),
        "a token from the future is not younger than one of now"
    );
    assert!(accepts("1", Some(0), 3600) && !accepts("1", Some(0), 3601));
    assert!(accepts("48", Some(0), 2 * DAY) && !accepts("48", Some(0), 2 * DAY + 1));
}

#[test]
fn a_life_that_cannot_be_read_is_our_mistake_and_named() {
    let value = format!("Bearer {}", KEY.sign(&rs256(), &good()).unwrap());
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap())]);
    let settings = auth_settings()
        .into_iter()
        .chain([("JWT_MAX_LIFE_HOURS", "a day".into())]);
    let error = Verifier::new(settings.collect()).caller(&headers, now()).unwrap_err();
    assert_eq!(error.kind, Kind::Misconfigured);
    assert!(error.message.contains("JWT_MAX_LIFE_HOURS"));
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
