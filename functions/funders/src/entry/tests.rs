//! What every function has in common: a name, its callers, and that its callers are checked before anything else.

mod reads;

use std::collections::BTreeSet;

use runtime::http::auth::Right::{Admin, Customer, Staff};
use runtime::testing::access::{checks_callers_first, protected, with_quota};
use runtime::testing::queries::refuses_unknown_parameters;

use super::functions;
use crate::testing::harness;

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
    let specified = [
        ("funders-quote-generate", Customer, true),
        ("funders-quote-status", Customer, false),
        ("funders-quote-list", Customer, false),
        ("funders-quote-get", Customer, false),
        ("funders-proposal-generate", Customer, true),
        ("funders-proposal-status", Customer, false),
        ("funders-proposal-list", Customer, false),
        ("funders-proposal-get", Customer, false),
        ("funders-funder-list", Customer, false),
        ("funders-funder-test", Admin, false),
        ("funders-customer-quotes", Customer, false),
        ("funders-customer-proposals", Customer, false),
        ("funders-customer-list", Staff, false),
        ("funders-customer-get", Customer, false),
        ("funders-vehicle-list", Staff, false),
        ("funders-vehicle-get", Customer, false),
    ];
    assert_eq!(protected(&functions()), specified);
}

#[test]
fn functions_that_call_funders_have_a_quota() {
    // A test of a funder works once a minute for all callers together.
    let specified = ["funders-quote-generate", "funders-proposal-generate"];
    assert_eq!(with_quota(&functions()), specified);
}

#[tokio::test(start_paused = true)]
async fn lists_refuse_unknown_parameters() {
    let harness = harness();
    assert_eq!(refuses_unknown_parameters(&harness, &harness).await, 6);
}

#[tokio::test(start_paused = true)]
async fn callers_are_checked_before_anything_else() {
    let harness = harness();
    checks_callers_first(&harness, &harness).await;
}
