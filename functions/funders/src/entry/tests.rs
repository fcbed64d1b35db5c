//! What every function has in common: a name, its callers, and that its callers are checked before anything else.

use std::collections::BTreeSet;

use ::http::Method;
use runtime::http::auth::Caller;
use runtime::http::auth::Right::{self, Admin, Customer, Staff};
use runtime::http::caller::Identity;
use runtime::testing::Harness;
use runtime::trigger::Access;

use super::functions;
use crate::Env;
use crate::testing::{FundersHarness, JANE, harness};

/// The function's HTTP trigger and the right that its callers need, if it is not public.
fn protected() -> Vec<(&'static str, Right)> {
    let functions = functions().into_iter();
    functions
        .filter_map(|(name, function)| match function.route()?.access {
            Access::Callers(right) => Some((name, *right)),
            Access::Public => None,
        })
        .collect()
}

#[test]
fn every_binary_is_a_function() {
    let binaries = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin")).unwrap();
    let binaries: BTreeSet<String> = binaries
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let names: BTreeSet<String> = functions().into_iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!((names, functions().len()), (binaries.clone(), binaries.len()));
}

#[test]
fn callers_and_idempotency_are_as_specified() {
    let roles: Vec<_> = protected()
        .into_iter()
        .filter(|(_, right)| *right != Customer)
        .collect();
    assert_eq!(
        roles,
        [
            ("funders-funder-test", Admin),
            ("funders-customer-list", Staff),
            ("funders-vehicle-list", Staff),
        ]
    );
    let http = |name: &str| -> Vec<bool> {
        let functions = functions().into_iter().filter(|(known, _)| *known == name);
        functions
            .map(|(_, function)| function.route().unwrap().idempotent)
            .collect()
    };
    for (name, _) in protected() {
        let idempotent = ["funders-quote-generate", "funders-proposal-generate"].contains(&name);
        assert_eq!(http(name), [idempotent], "{name}");
    }
    // All others are a webhook, three workers and a schedule.
    assert_eq!(functions().len() - protected().len(), 5);
}

/// Requests that are refused for their own sake: 400, 413, 415, 422, and a bad or reused idempotency key.
async fn broken(h: &Harness<Env>, name: &'static str) -> Vec<(i64, String)> {
    let request = || h.call(name, &Method::POST, "/?limit=x&cursor=x");
    let mut responses = Vec::new();
    for request in [
        request(),
        h.call(name, &Method::POST, "/?limit=1&limit=2"),
        request().body("{"),
        request().body("x".repeat(5_000_000)),
        request().body("{}").header("content-type", "text/plain"),
        request().body(r#"{"environment":"MOON"}"#),
        request().body("{}").key("k"),
        request().body(r#"{"other":true}"#).key("k"),
        request().body("{}").key(&"k".repeat(256)),
    ] {
        let got = request.await;
        responses.push((got.status, got.code()));
    }
    responses
}

#[tokio::test(start_paused = true)]
async fn callers_are_checked_before_anything_is_read_claimed_or_replayed() {
    let h = harness();
    for (name, right) in protected() {
        let refused = broken(&h.anonymous(), name).await;
        assert!(
            refused.iter().all(|got| *got == (401, "unauthenticated".into())),
            "{name}: {refused:?}"
        );
        let caller = h.as_person("jane", JANE, if right == Admin { &["staff"] } else { &[] });
        let got = broken(&caller, name).await;
        match Caller::role(right) {
            Some(_) => assert!(
                got.iter().all(|got| *got == (403, "forbidden".into())),
                "{name}: {got:?}"
            ),
            None => assert!(
                got.iter().all(|(status, _)| ![401, 403].contains(status)),
                "{name}: {got:?}"
            ),
        }
    }
    for table in ["funders", "log", "keys"] {
        assert!(h.fakes.store.table(table).is_empty(), "{table}");
    }
    assert!(h.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_same_requests_are_refused_for_their_own_sake_with_the_role() {
    let h = harness();
    let got = broken(&h.as_admin(), "funders-funder-test").await;
    let statuses: BTreeSet<i64> = got.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [400, 413, 415, 422].into(), "{got:?}");
    for name in ["funders-customer-list", "funders-vehicle-list"] {
        let got = broken(&h.as_staff(), name).await;
        let statuses: BTreeSet<i64> = got.iter().map(|(status, _)| *status).collect();
        assert!(statuses.is_superset(&[400, 413, 415, 422].into()), "{name}: {got:?}");
    }
}
