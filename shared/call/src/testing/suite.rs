//! The behaviour suite: what every adapter must do, whatever its group.

use std::time::Duration;

use http::header;
use model::{Error, Kind, Result};

use super::answers::{answer, garbage, throttled};
use super::document::{CANARY, misshapen, mutants};
use super::logged;
use super::member::{Operation, Reading, SuiteMember};
use super::sent::assert_sends;
use crate::{Answer, Auth, Call};

/// Ids that would lead a request elsewhere if an adapter put them into its path as they are.
pub const HOSTILE_IDS: [&str; 9] = [
    "",
    ".",
    "..",
    "../quotes/Q1",
    "Q1/../Q2",
    "Q1?a=b",
    "Q1#",
    "Q1%2f",
    "Q1\r\nx: y",
];

const STATUSES: [u16; 19] = [
    302, 304, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504,
];

/// Fails unless the adapter does everything that every adapter must do.
pub fn check(member: &SuiteMember) {
    fixtures_belong_to_operations(member);
    requests_are_their_fixture(member);
    auth_names_members_of_one_secret(member);
    logged::check(member);
    for operation in &member.operations {
        sends_its_fixture(member, operation);
        carries_no_credentials(member, operation);
        ids_stay_in_their_segment(member, operation);
        if operation.read.is_some() {
            reads_its_fixtures(member, operation);
            statuses_mean_their_kind(member, operation);
            garbage_is_no_success(member, operation);
            mutants_are_refused_or_sound(member, operation);
        }
    }
}

fn at(member: &SuiteMember, operation: &Operation) -> String {
    format!("{} {}", member.name, operation.call.operation)
}

fn read(operation: &Operation, answer: &Answer) -> Result<Reading> {
    (operation.read.as_ref().expect("has a reader"))(answer)
}

/// A misspelt name would leave a fixture out of every check.
fn fixtures_belong_to_operations(member: &SuiteMember) {
    let operations = member.operations.iter().map(|operation| operation.fixture.as_str());
    let known: Vec<&str> = operations
        .chain(["absent", "contract", "requests", "unauthorised"])
        .collect();
    for name in member.fixtures.names() {
        let operation = name.split('.').next().unwrap_or_default();
        assert!(
            known.contains(&operation),
            "{}: {name} is no fixture of a call",
            member.name
        );
    }
}

fn requests_are_their_fixture(member: &SuiteMember) {
    let requests = member.operations.iter().map(|operation| head(&operation.call));
    let mut heads: Vec<String> = requests.collect();
    heads.dedup();
    heads.insert(0, credential(member.auth));
    assert_eq!(heads.join("\n"), member.fixtures.get("requests"), "{}", member.name);
}

/// Operation, method, address and headers of a call.
fn head(call: &Call) -> String {
    let headers = call.request.headers().iter();
    let headers = headers.map(|(name, value)| format!("  {name}: {}\n", value.to_str().unwrap()));
    let mut headers: Vec<String> = headers.collect();
    headers.sort_unstable();
    let (method, uri) = (call.request.method(), call.request.uri());
    format!("{} {method} {uri}\n{}", call.operation, headers.concat())
}

/// The header that the runtime adds to every call. A name in braces stands for that member of the partner's secret.
fn credential(auth: Auth) -> String {
    match auth {
        Auth::ApiKey { header, secret } => format!("{header}: {{{secret}}}\n"),
        Auth::SignedToken { secret, claims, .. } => {
            let claims = claims
                .iter()
                .map(|(claim, member)| format!("  {claim}: {{{member}}}\n"));
            let claims: String = claims.collect();
            format!("authorization: Bearer {{JWT signed with {secret}}}\n{claims}")
        }
    }
}

fn auth_names_members_of_one_secret(member: &SuiteMember) {
    let mut names = match member.auth {
        Auth::ApiKey { secret, .. } => vec![secret],
        Auth::SignedToken {
            secret,
            encoding,
            lifetime,
            claims,
        } => {
            let claims = claims.iter().map(|(claim, member)| {
                assert!(!["iat", "nbf", "exp"].contains(claim), "the runtime sets {claim}");
                *member
            });
            claims.chain([secret, encoding, lifetime]).collect()
        }
    };
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{}: a member has one meaning", member.name);
    for name in names {
        let rest = name.strip_prefix(member.name).and_then(|rest| rest.strip_prefix('_'));
        assert!(rest.is_some_and(|rest| !rest.is_empty()), "{}: {name}", member.name);
    }
}

fn sends_its_fixture(member: &SuiteMember, operation: &Operation) {
    let (at, call) = (at(member, operation), &operation.call);
    assert_eq!(call.repeatable, operation.repeatable, "{at}");
    let uri = call.request.uri();
    assert!(uri.host().is_none() && uri.path().starts_with('/'), "{at}: {uri}");
    if call.request.body().is_empty() {
        return;
    }
    let fixture = member.fixtures.get(&format!("{}.request", operation.fixture));
    let content_type = call.request.headers()[header::CONTENT_TYPE].to_str().unwrap();
    if content_type == "application/json" {
        assert_sends(call, fixture);
    } else {
        let body = std::str::from_utf8(call.request.body()).unwrap();
        assert_eq!(body, fixture.replace('\n', "\r\n"), "{at}");
    }
}

fn carries_no_credentials(member: &SuiteMember, operation: &Operation) {
    let (at, headers) = (at(member, operation), operation.call.request.headers());
    let (header, secret) = match member.auth {
        Auth::ApiKey { header, secret } => (header, secret),
        Auth::SignedToken { secret, .. } => ("authorization", secret),
    };
    for name in [header, "authorization", "cookie", "proxy-authorization"] {
        assert!(!headers.contains_key(name), "{at} sets {name} itself");
    }
    let debug = format!("{:?}", operation.call);
    assert!(!debug.contains(secret), "{at}: {debug}");
}

fn ids_stay_in_their_segment(member: &SuiteMember, operation: &Operation) {
    let at = at(member, operation);
    for call_of in &operation.of_ids {
        let plain = call_of("Q1").unwrap_or_else(|error| panic!("{at}: {error:?}"));
        for id in HOSTILE_IDS {
            if let Ok(call) = call_of(id) {
                let uri = call.request.uri();
                assert_eq!(uri, plain.request.uri(), "{at}: {id:?} stands in the address");
            }
        }
    }
}

fn reads_its_fixtures(member: &SuiteMember, operation: &Operation) {
    let (at, fixtures, name) = (at(member, operation), &member.fixtures, &operation.fixture);
    let rejected = |status, body: &str| {
        let error = failure(operation, &answer(status, body), &at);
        assert_eq!(error.kind, Kind::PartnerRejected, "{at} {status}: {body}");
    };
    let body = if operation.status_decides {
        "<html></html>"
    } else {
        fixtures.get(&format!("{name}.answer"))
    };
    for status in [200, 201, 202] {
        let reading = read(operation, &answer(status, body)).unwrap_or_else(|error| panic!("{at} {status}: {error:?}"));
        assert!(matches!(reading, Reading::Sound), "{at} {status}: {reading:?}");
    }
    if let Some(loose) = fixtures.find(&format!("{name}.loose")) {
        let reading = read(operation, &answer(200, loose));
        assert!(matches!(reading, Ok(Reading::Sound)), "{at}: {reading:?}");
    }
    if let Some(refusal) = fixtures.find(&format!("{name}.refusal")) {
        rejected(400, refusal);
        rejected(422, refusal);
    }
    if let Some(unauthorised) = fixtures.find("unauthorised") {
        let error = failure(operation, &answer(401, unauthorised), &at);
        assert_eq!(error.kind, Kind::PartnerAuth, "{at}");
        assert!(
            error.fields.is_empty(),
            "{at}: the caller can change nothing about our key"
        );
    }
    if operation.may_be_absent {
        let reading = read(operation, &answer(404, fixtures.absent(name)));
        assert!(matches!(reading, Ok(Reading::Absent)), "{at}: {reading:?}");
    }
}

fn statuses_mean_their_kind(member: &SuiteMember, operation: &Operation) {
    let at = at(member, operation);
    let absent = operation
        .may_be_absent
        .then(|| member.fixtures.absent(&operation.fixture));
    for status in STATUSES {
        for body in [
            "<html></html>",
            "",
            "null",
            "[]",
            "{}",
            "{\"errors\":7,\"detail\":7,\"Error\":7}",
        ] {
            if status == 404 && absent == Some(body) {
                continue;
            }
            let error = failure(operation, &answer(status, body), &at);
            assert_eq!(error.kind, member.kind(operation, status), "{at} {status}: {body}");
        }
    }
    for status in [429, 503] {
        let error = failure(operation, &throttled(status, 7), &at);
        assert_eq!(error.kind, Kind::PartnerThrottled, "{at} {status} with Retry-After");
        assert_eq!(error.retry_after, Some(Duration::from_secs(7)), "{at} {status}");
    }
}

fn garbage_is_no_success(member: &SuiteMember, operation: &Operation) {
    let at = at(member, operation);
    if operation.status_decides {
        for body in garbage() {
            assert!(
                read(operation, &answer(200, body)).is_ok(),
                "{at} reads the body of a success"
            );
        }
        return;
    }
    let fixture = member.fixtures.get(&format!("{}.answer", operation.fixture));
    let misshapen = misshapen(fixture).into_iter().map(String::into_bytes);
    for body in garbage().into_iter().chain(misshapen) {
        let error = failure(operation, &answer(200, &body), &at);
        assert_eq!(error.kind, Kind::PartnerBadResponse, "{at}: {}", beginning(&body));
    }
}

fn mutants_are_refused_or_sound(member: &SuiteMember, operation: &Operation) {
    let at = at(member, operation);
    let Some(fixture) = member.fixtures.find(&format!("{}.answer", operation.fixture)) else {
        return;
    };
    for body in mutants(fixture) {
        match read(operation, &answer(200, &body)) {
            Ok(Reading::Unsound(value)) => panic!("{at}: {} became {value}", beginning(&body)),
            Ok(Reading::Sound | Reading::Absent) => {}
            Err(error) => {
                let expected = [Kind::PartnerBadResponse, Kind::PartnerRejected].contains(&error.kind);
                assert!(expected, "{at}: {} became {error:?}", beginning(&body));
                let quoted = error.kind == Kind::PartnerBadResponse && error.message.contains(CANARY);
                assert!(!quoted, "{at} repeats what it could not read: {}", error.message);
            }
        }
    }
}

fn failure(operation: &Operation, answer: &Answer, at: &str) -> Error {
    match read(operation, answer) {
        Err(error) => error,
        Ok(reading) => panic!("{at} {}: {} became {reading:?}", answer.status, beginning(&answer.body)),
    }
}

fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(400).collect()
}
