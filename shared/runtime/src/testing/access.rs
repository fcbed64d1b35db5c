//! One suite for every domain: a function checks its callers before it looks at a request, claims a key or writes anything.

use std::collections::BTreeSet;

use http::Method;

use super::harness::Harness;
use super::request::TestRequest;
use crate::http::auth::{Caller, Right};
use crate::http::caller::Identity;
use crate::trigger::domain::Domain;
use crate::trigger::function::Function;
use crate::trigger::{Access, Route};

type RightOf<E> = <<E as Domain>::Caller as Identity>::Right;

/// Name, right and idempotency of each function that is not public, for a domain's test to compare with its contract.
pub fn protected<E: Domain>(functions: &[(&'static str, Function<E>)]) -> Vec<(&'static str, RightOf<E>, bool)> {
    let declared = functions.iter().filter_map(|(name, function)| {
        let route = function.route()?;
        match route.access {
            Access::Callers(right) => Some((*name, *right, route.idempotent)),
            Access::Public => None,
        }
    });
    declared.collect()
}

/// The functions whose callers have a quota.
pub fn with_quota<E: Domain>(functions: &[(&'static str, Function<E>)]) -> Vec<&'static str> {
    let declared = functions
        .iter()
        .filter(|(_, function)| function.route().is_some_and(|route| route.calls_partner));
    declared.map(|(name, _)| *name).collect()
}

/// How many requests count for their callers' quotas.
pub fn counted<E: Domain>(harness: &Harness<E>) -> u64 {
    let records = harness.fakes.store.table("keys").into_iter();
    records
        .filter_map(|record| record.get("count")?.as_n().ok()?.parse::<u64>().ok())
        .sum()
}

/// Harnesses for a caller that holds a right and for callers that lack it.
pub trait Callers<E: Domain> {
    fn holder(&self, right: RightOf<E>) -> Harness<E>;

    fn others(&self, right: RightOf<E>) -> Vec<Harness<E>>;
}

impl<E: Domain<Caller = Caller>> Callers<E> for Harness<E> {
    fn holder(&self, right: Right) -> Self {
        match right {
            Right::Customer => self.as_customer(),
            Right::Staff => self.as_staff(),
            Right::Admin => self.as_admin(),
        }
    }

    fn others(&self, right: Right) -> Vec<Self> {
        match right {
            Right::Customer => Vec::new(),
            Right::Staff => vec![self.as_customer()],
            Right::Admin => vec![self.as_customer(), self.as_staff()],
        }
    }
}

/// Sends requests that every function refuses for their own sake, as callers with and without the right.
#[expect(clippy::panic, reason = "a suite is for tests")]
pub async fn checks_callers_first<E: Domain>(harness: &Harness<E>, callers: &impl Callers<E>) {
    let before = harness.fakes.state();
    for (name, function) in harness.functions() {
        let Some(route) = function.route() else { continue };
        let Access::Callers(right) = route.access else { continue };
        let anonymous = refusals(&harness.anonymous(), name, &route).await;
        assert!(anonymous.iter().all(|got| got.0 == 401), "{name}: {anonymous:?}");
        for caller in callers.others(*right) {
            let role = E::Caller::role(*right).unwrap_or_else(|| panic!("{name}: every caller has {right:?}"));
            let refused = refusals(&caller, name, &route).await;
            let needs = format!("This needs the role `{role}`.");
            let is_refused = |(status, text): &(i64, String)| *status == 403 && text.contains(&needs);
            assert!(refused.iter().all(is_refused), "{name}: {refused:?}");
        }
    }
    assert_eq!(harness.fakes.state(), before, "a refused request changed something");
    // The same requests reach the handlers' input with the right, and are refused there.
    let mut statuses = BTreeSet::new();
    for (name, function) in harness.functions() {
        let Some(route) = function.route() else { continue };
        let Access::Callers(right) = route.access else { continue };
        let got = refusals(&callers.holder(*right), name, &route).await;
        assert!(
            got.iter().all(|(status, _)| ![401, 403].contains(status)),
            "{name}: {got:?}"
        );
        let refused: BTreeSet<i64> = got
            .iter()
            .map(|(status, _)| *status)
            .filter(|status| *status >= 400)
            .collect();
        assert!(!refused.is_empty(), "{name} takes each of these requests: {got:?}");
        statuses.extend(refused);
    }
    assert!(statuses.is_superset(&[400, 413, 415].into()), "{statuses:?}");
}

/// Status and body of the responses to requests with a bad query, body, size, content type or idempotency key.
async fn refusals<E: Domain>(caller: &Harness<E>, name: &'static str, route: &Route<'_, E>) -> Vec<(i64, String)> {
    let request = || -> TestRequest<'_> { caller.call(name, &Method::POST, "/?limit=x&cursor=x") };
    let mut responses = Vec::new();
    for request in [
        request(),
        caller.call(name, &Method::POST, "/?limit=1&limit=2"),
        request().body("{"),
        request().body("x".repeat(route.limit + 1)),
        request().body("{}").header("content-type", "text/plain"),
        request().body(r#"{"environment":"MOON"}"#),
        request().body("{}").key(name),
        request().body(r#"{"other":true}"#).key(name),
        request().body("{}").key(&"k".repeat(256)),
    ] {
        let got = request.await;
        responses.push((got.status, got.text));
    }
    responses
}
