//! One suite for every domain: the rows that a GET route reads do not grow with the tables.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use super::harness::Harness;
use super::request::TestResponse;
use crate::port::store::{Item, Memory, Store, item};
use crate::trigger::domain::Domain;

/// The rows of each kind when a table is small, and when it is large.
const SMALL: u32 = 100;
const LARGE: u32 = 10_000;
/// The entries of a page where the caller gives no limit.
const USUAL_PAGE: usize = 20;

/// A request whose reads are counted.
pub struct CountedGet<E: Domain> {
    caller: Harness<E>,
    path: String,
    is_page: bool,
    at_most: Option<u64>,
}

impl<E: Domain> CountedGet<E> {
    pub fn new(caller: &Harness<E>, path: impl Into<String>) -> Self {
        Self {
            caller: caller.clone(),
            path: path.into(),
            is_page: false,
            at_most: None,
        }
    }

    /// A request for a page of a list that has more than one.
    pub fn page(caller: &Harness<E>, path: impl Into<String>) -> Self {
        Self {
            is_page: true,
            ..Self::new(caller, path)
        }
    }

    /// A request that reads more in a large table than in a small one, up to this number of rows.
    #[must_use]
    pub fn at_most(self, rows: u64) -> Self {
        Self {
            at_most: Some(rows),
            ..self
        }
    }

    /// The rows that it reads, on an instance that remembers nothing.
    async fn reads(&self) -> u64 {
        let caller = self.caller.instance();
        let before = caller.fakes.store.rows_read();
        let got = caller.get(&self.path).await;
        assert_eq!(got.status, 200, "{}: {}", self.path, got.text);
        assert!(
            !self.is_page || entries(&got) >= USUAL_PAGE,
            "{}: {}",
            self.path,
            got.text
        );
        caller.fakes.store.rows_read() - before
    }
}

/// The entries of a page, in whatever envelope.
fn entries(got: &TestResponse) -> usize {
    let length = |value: &Value| value.as_array().map_or(0, Vec::len);
    let json = got.json();
    let members = json.as_object().into_iter().flat_map(serde_json::Map::values);
    members.chain([&json]).map(length).max().unwrap_or_default()
}

/// `fill` makes a domain with so many rows of everything that its routes read. It returns requests, one at least for each GET route
/// of the domain's functions.
#[expect(clippy::panic, reason = "a suite is for tests")]
pub async fn reads_do_not_grow<E: Domain>(fill: impl AsyncFn(u32) -> Vec<CountedGet<E>>) {
    let (small, large) = (fill(SMALL).await, fill(LARGE).await);
    let mut asked = BTreeSet::new();
    for (small, large) in small.iter().zip(&large) {
        let (few, many) = (small.reads().await, large.reads().await);
        let bound = large.at_most.unwrap_or(few);
        assert!(
            many <= bound,
            "{} reads {few} rows of {SMALL}, and {many} of {LARGE}",
            large.path
        );
        let path = large.path.split('?').next().unwrap_or_default();
        let routes = large.caller.documented().iter();
        let mut routes = routes.filter(|route| route.method == Method::GET && route.captures(path).is_some());
        let route = routes
            .next()
            .unwrap_or_else(|| panic!("no function answers GET {path}"));
        asked.insert((route.function, route.pattern.clone()));
    }
    let harness = &large
        .first()
        .unwrap_or_else(|| panic!("a domain has GET routes"))
        .caller;
    for (name, function) in harness.functions() {
        if function.route().is_none() {
            continue;
        }
        let of_function: Vec<_> = harness
            .documented()
            .iter()
            .filter(|route| route.function == name)
            .collect();
        for route in of_function.iter().filter(|route| route.method == Method::GET) {
            let is_asked = asked.contains(&(name, route.pattern.clone()));
            assert!(is_asked, "no request of this suite goes to GET {}", route.pattern);
        }
        if of_function.is_empty() {
            let before = harness.fakes.store.rows_read();
            harness.call(name, &Method::GET, "/").await;
            assert_eq!(harness.fakes.store.rows_read(), before, "{name}");
        }
    }
}

/// The first row of a table that has this sort key.
#[expect(clippy::panic, reason = "a suite is for tests")]
pub fn stored_row(store: &Memory, table: &str, sk: &str) -> Item {
    let is_wanted = |row: &Item| row.get("sk").and_then(|of| of.as_s().ok()).is_some_and(|of| of == sk);
    let found = store.table(table).into_iter().find(is_wanted);
    found.unwrap_or_else(|| panic!("{table} has no row {sk}"))
}

/// Adds copies of a row to a table, each with these members in place of its own.
#[expect(clippy::expect_used, reason = "a suite is for tests")]
pub async fn add_copies(store: &Memory, table: &str, row: &Item, members: impl IntoIterator<Item = Value>) {
    let copy = |members: Value| {
        let mut copy = row.clone();
        copy.extend(item(&members).expect("members of a row"));
        copy
    };
    let copies = members.into_iter().map(copy).collect();
    store.append(table, copies).await.expect("a store that works");
}
