//! Tokens that are not valid, on every route that wants a token: 401, and nothing changes.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use futures_util::stream::{self, StreamExt};
use ring::{hmac, signature};
use runtime::port::clock::Clock;
use runtime::testing::KEY;
use serde_json::{Value, json};

use crate::lock::Domain::Operations;
use crate::stack::Stack;
use crate::surface::{Credential, Route, wanting};

const RS256: &str = r#"{"alg":"RS256","typ":"JWT"}"#;
/// The emulator answers about 150 requests a second, with any number of requests open.
const AT_ONCE: usize = 12;

/// The fault of the token, and the value of `Authorization`.
type InvalidToken = (String, String);

/// The claims of an admin, so that only the token's fault can refuse the request.
fn claims(id: &str) -> Value {
    let subject = format!("mallory-{id}");
    runtime::testing::claims(&subject, "john.doe@example.com", &["admin"], Clock::System.now())
}

fn part(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

fn message(header: &str, claims: &Value) -> String {
    format!("{}.{}", part(header), part(&claims.to_string()))
}

fn bearer(name: impl Into<String>, token: &str) -> InvalidToken {
    (name.into(), format!("Bearer {token}"))
}

/// Another algorithm than RS256, with a signature that is good, missing, or made with public values.
fn algorithms(stack: &Stack, claims: &Value) -> Vec<InvalidToken> {
    let mut all = Vec::new();
    for alg in ["none", "nOnE", "NONE", ""] {
        let header = json!({"alg": alg, "typ": "JWT"}).to_string();
        all.push(bearer(
            format!("alg {alg} unsigned"),
            &format!("{}.", message(&header, claims)),
        ));
    }
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"RS384"}"#,
        r#"{"alg":"RS512"}"#,
        r#"{"alg":"PS256"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"{"alg":["RS256"]}"#,
        r#"{"alg":256}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"none","alg":"RS256"}"#,
        r#"{"alg":"RS256","typ":"id_token"}"#,
        r#"{"alg":"RS256","typ":"ID"}"#,
        r#"{"alg":"RS256","typ":"JWT","crit":["exp"]}"#,
        r#"{"alg":"RS256","typ":"JWT","b64":false}"#,
        r#"{"alg":"RS256","typ":"JWT","zip":"DEF"}"#,
        r#"{"alg":"RS256","typ":"JWT","enc":"A256GCM"}"#,
        r#"{"alg":"RS256","typ":"JWT","cty":"JWT"}"#,
        r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#,
        "{}",
        "[]",
        "RS256",
    ] {
        all.push(bearer(header, &stack.sign(header, &claims.to_string())));
    }
    let random = ring::rand::SystemRandom::new();
    let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let key = signature::EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap();
    let es256 = message(r#"{"alg":"ES256","typ":"JWT"}"#, claims);
    let signed = BASE64_URL_SAFE_NO_PAD.encode(key.sign(&random, es256.as_bytes()).unwrap());
    all.push(bearer("ES256 of a key of its own", &format!("{es256}.{signed}")));
    all
}

/// The public key as a shared secret, in every form that a server may have it.
fn confusions(stack: &Stack, claims: &Value) -> Vec<InvalidToken> {
    let pem = stack.public_pem();
    let base64: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    let secrets: [(&str, Vec<u8>); 7] = [
        ("the PEM", format!("{}\n", pem.trim_end()).into()),
        ("the PEM without its last newline", pem.trim_end().into()),
        ("the PEM in one line", pem.replace('\n', "").into()),
        ("the PEM as configured", pem.replace('\n', "\\n").into()),
        ("its base64", base64.clone().into()),
        ("the DER", BASE64_STANDARD.decode(base64).unwrap()),
        ("nothing", Vec::new()),
    ];
    let mut all = Vec::new();
    for (alg, algorithm) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("RS256", hmac::HMAC_SHA256),
    ] {
        for (name, secret) in &secrets {
            let message = message(&json!({"alg": alg, "typ": "JWT"}).to_string(), claims);
            let tag = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
            let token = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag));
            all.push(bearer(format!("{alg}, a MAC with {name}"), &token));
        }
    }
    // The token that the hub sends to LEX, made with LEX's test secret.
    let now = Clock::System.now().as_second();
    let lex =
        json!({"sub": "test-lex-app", "nbf": now, "exp": now + 300, "iat": now, "lbg_major_dealerid": "1"}).to_string();
    let message = format!("{}.{}", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(&lex));
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, b"test-lex-secret"),
        message.as_bytes(),
    );
    let token = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag));
    all.push(bearer("the token for LEX", &token));
    all
}

/// Signed with another key, with a hint where the key is.
fn other_keys(claims: &Value) -> Vec<InvalidToken> {
    let hints = [
        json!({}),
        json!({"kid": "../../../../dev/null"}),
        json!({"kid": "x' UNION SELECT 'secret' --"}),
        json!({"kid": "| /bin/sleep 9"}),
        json!({"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}),
        json!({"jku": "http://127.0.0.1:4700/_health"}),
        json!({"x5u": "http://127.0.0.1:4700/_health"}),
        json!({"x5c": ["MIIB"]}),
    ];
    let each = hints.into_iter().map(|hint| {
        let mut header: Value = serde_json::from_str(RS256).unwrap();
        header
            .as_object_mut()
            .unwrap()
            .extend(hint.as_object().unwrap().clone());
        bearer(format!("another key: {hint}"), &KEY.sign(&header, claims).unwrap())
    });
    each.collect()
}

/// Wrong claims with a good signature.
fn wrong_claims(stack: &Stack, claims: &Value) -> Vec<InvalidToken> {
    let now = Clock::System.now().as_second();
    let mut all: Vec<InvalidToken> = [
        ("exp", Value::Null),
        ("exp", json!(now - 61)),
        ("exp", json!(-1)),
        ("exp", json!(now + 25 * 3600)),
        ("exp", json!((now + 3600).to_string())),
        ("exp", json!([now + 3600])),
        ("nbf", json!(now + 3600)),
        ("nbf", json!("soon")),
        ("iss", json!("another-issuer")),
        ("iss", json!(["self-serve-platform"])),
        ("iss", Value::Null),
        ("aud", json!("another-service")),
        ("aud", json!(["another-service"])),
        ("aud", json!(["self-serve-users", "another-service"])),
        ("aud", Value::Null),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", Value::Null),
        ("roles", json!("admin")),
        ("roles", json!({"admin": true})),
    ]
    .into_iter()
    .map(|(member, value)| {
        let mut claims = claims.clone();
        claims[member] = value.clone();
        bearer(format!("{member} {value}"), &stack.sign(RS256, &claims.to_string()))
    })
    .collect();
    for member in ["exp", "iss", "aud", "sub"] {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(member);
        all.push(bearer(
            format!("without {member}"),
            &stack.sign(RS256, &claims.to_string()),
        ));
    }
    let good = claims.to_string();
    let exp = format!("\"exp\":{}", claims["exp"]);
    let deep = format!("\"roles\":{}{}", "[".repeat(200), "]".repeat(200));
    for text in [
        good.replacen('{', r#"{"sub":"victim","#, 1),
        good.replacen('{', r#"{"aud":"self-serve-users","#, 1),
        good.replacen('{', r#"{"exp":1,"#, 1),
        good.replace(&exp, r#""exp":1e400"#),
        good.replace(&exp, r#""exp":99999999999999999999999"#),
        good.replace(&exp, r#""exp":1e18"#),
        good.replace(r#""roles":["admin"]"#, &deep),
        format!("[{good}]"),
        "null".into(),
        String::new(),
    ] {
        all.push(bearer(format!("{text:.60}"), &stack.sign(RS256, &text)));
    }
    all
}

/// Values that are no tokens.
fn shapes(stack: &Stack, claims: &Value) -> Vec<InvalidToken> {
    let good = stack.sign(RS256, &claims.to_string());
    let (message, tag) = good.rsplit_once('.').unwrap();
    let mut changed = BASE64_URL_SAFE_NO_PAD.decode(tag).unwrap();
    changed[9] ^= 1;
    let other = stack.token("mallory", "mallory@example.com", &[]);
    let spliced = format!("{message}.{}", other.rsplit('.').next().unwrap());
    let mut all: Vec<InvalidToken> = [
        ".".to_owned(),
        "..".into(),
        "a.b.c".into(),
        "x".into(),
        "x".repeat(8_200),
        message.into(),
        format!("{message}."),
        format!("{message}.{}", &tag[..tag.len() - 4]),
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(changed)),
        spliced,
        format!("{good}x"),
        format!("{good}="),
        format!("{good}.x"),
        format!("{good}.x.y"),
        format!(".{}", good.split_once('.').unwrap().1),
        format!("{}..{tag}", part(RS256)),
        format!("{}!.{}", &message[..8], &good[9..]),
        good.replacen('.', " .", 1),
        good.to_lowercase(),
    ]
    .into_iter()
    .map(|token| bearer(format!("shape {token:.40}"), &token))
    .collect();
    for value in [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        format!("Basic {}", BASE64_STANDARD.encode("admin:admin")),
        format!("Token {good}"),
        good.clone(),
        format!("Bearer {good}, Bearer {good}"),
    ] {
        all.push((format!("value {value:.40}"), value));
    }
    all
}

async fn refused(stack: &Stack, route: &Route, invalid: &InvalidToken, id: &str) {
    let (name, value) = invalid;
    let more = [
        ("authorization", value.as_str()),
        ("idempotency-key", id),
        ("x-correlation-id", id),
    ];
    let path = route.with(&[]);
    let got = stack.send(route.method.clone(), &path, "", route.body(), &more).await;
    let code = got.json()["code"].clone();
    assert_eq!(
        (got.status, got.header("www-authenticate"), code.as_str()),
        (401, Some(r#"Bearer error="invalid_token""#), Some("unauthenticated")),
        "{}: {name}: {}",
        route.name(),
        got.text
    );
}

#[tokio::test]
async fn no_invalid_token_is_accepted_or_changes_anything() {
    let stack = Stack::whole().await;
    let routes = wanting(Credential::Token);
    let send = async |id: &str| {
        let claims = claims(id);
        let invalid = invalid_tokens(&stack, &claims);
        assert!(invalid.len() >= 40 && !routes.is_empty());
        let good = stack.sign(RS256, &claims.to_string());
        assert_eq!(
            stack.get("/api/integration/metrics", &good).await.status,
            200,
            "the token from which the others are made is good"
        );
        let each = routes
            .iter()
            .flat_map(|route| invalid.iter().map(move |one| (route, one)));
        let sent = stream::iter(each).map(|(route, one)| refused(&stack, route, one, id));
        sent.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    };
    stack.assert_unchanged(&[], send).await;
}

fn invalid_tokens(stack: &Stack, claims: &Value) -> Vec<InvalidToken> {
    let mut all = algorithms(stack, claims);
    all.extend(confusions(stack, claims));
    all.extend(other_keys(claims));
    all.extend(wrong_claims(stack, claims));
    all.extend(shapes(stack, claims));
    all
}

#[tokio::test]
async fn a_request_without_a_token_is_refused() {
    let stack = Stack::shared(&[Operations]).await;
    for route in wanting(Credential::Token) {
        let got = stack
            .send(route.method.clone(), &route.with(&[]), "", route.body(), &[])
            .await;
        assert_eq!(got.status, 401, "{}", route.name());
        assert!(got.headers.contains_key("www-authenticate"));
    }
}
