//! What a quote uses of DynamoDB, SQS and EventBridge, from its request to its event. `cargo xtask cost` counts with it.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use model::Result;
use runtime::port::Ports;
use runtime::port::store::{self, Item, Key, Query, Store, Write, Written};
use runtime::testing::Harness;
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, good, harness, sample};

const LOG: &str = "log";
const USAGE: &str = include_str!("../../../../../infra/cost/usage.json");

/// Of DynamoDB, by its published rules: a unit is a kilobyte written, twice that in a transaction, or 4 kB read, half of it
/// where the read need not be consistent.
#[derive(Default)]
struct Usage {
    write_units: usize,
    half_read_units: usize,
}

struct MeteredStore {
    store: Arc<dyn Store>,
    usage: Arc<Mutex<Usage>>,
}

impl MeteredStore {
    fn add(&self, change: impl FnOnce(&mut Usage)) {
        change(&mut self.usage.lock().unwrap());
    }

    fn read(&self, bytes: usize, consistent: bool) {
        let units = bytes.div_ceil(4096).max(1);
        self.add(|usage| usage.half_read_units += if consistent { 2 * units } else { units });
    }
}

impl Store for MeteredStore {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        Box::pin(async move {
            let found = self.store.get(key, consistent).await?;
            self.read(found.as_ref().map_or(0, bytes), consistent);
            Ok(found)
        })
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        let times = if writes.len() > 1 { 2 } else { 1 };
        let units: usize = writes.iter().map(|write| write.item.as_ref().map_or(1, units)).sum();
        self.add(|usage| usage.write_units += times * units);
        self.store.write(writes)
    }

    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>> {
        // The log has an index of keys, which is written too.
        let indexed = usize::from(table == LOG);
        self.add(|usage| usage.write_units += items.iter().map(|item| units(item) + indexed).sum::<usize>());
        self.store.append(table, items)
    }

    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>> {
        Box::pin(async move {
            let found = self.store.get_all(keys).await?;
            for row in &found {
                self.read(row.as_ref().map_or(0, bytes), false);
            }
            Ok(found)
        })
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        Box::pin(async move {
            let found = self.store.query(query).await?;
            self.read(found.iter().map(bytes).sum(), query.consistent);
            Ok(found)
        })
    }

    fn count<'a>(&'a self, key: &'a Key, ttl: Option<i64>) -> BoxFuture<'a, Result<u64>> {
        self.add(|usage| usage.write_units += 1);
        self.store.count(key, ttl)
    }
}

fn units(item: &Item) -> usize {
    bytes(item).div_ceil(1024).max(1)
}

fn bytes(item: &Item) -> usize {
    size(&store::typed(item.clone()).unwrap()) - EMPTY
}

/// Of a map or a list, without what is in it.
const EMPTY: usize = 3;

/// As DynamoDB counts a value, and a row as the map of its attributes.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => number.to_string().len().div_ceil(2) + 1,
        Value::String(text) => text.len(),
        Value::Array(list) => EMPTY + list.iter().map(|value| 1 + size(value)).sum::<usize>(),
        Value::Object(map) => EMPTY + map.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>(),
    }
}

fn metered(usage: &Arc<Mutex<Usage>>) -> Harness<Env> {
    let usage = Arc::clone(usage);
    harness().ports(move |ports| Ports {
        store: Arc::new(MeteredStore {
            store: ports.store,
            usage: Arc::clone(&usage),
        }),
        ..ports
    })
}

#[tokio::test(start_paused = true)]
async fn the_price_of_a_quote_is_counted_with_what_it_uses() {
    let usage = Arc::default();
    let h = metered(&usage);
    h.fakes.transport.script([], good());
    h.post(GENERATE, sample("LEX")).await;
    let messages = h.fakes.queue.sent().len();
    h.first_look().await;
    assert_eq!(h.announced().len(), 1, "the quote has been listed and announced");
    let stored: usize = h.fakes.store.table("funders").iter().map(bytes).sum();
    let logged: usize = h.fakes.store.table(LOG).iter().map(bytes).sum();
    let usage = usage.lock().unwrap();
    let measured = json!({
        "writeUnits": usage.write_units,
        "halfReadUnits": usage.half_read_units,
        "messages": messages,
        "events": h.announced().len(),
        "storedBytes": rounded(stored),
        "loggedBytes": rounded(logged),
    });
    let recorded: Value = serde_json::from_str(USAGE).unwrap();
    assert_eq!(measured, recorded["quote"]["counted"], "infra/cost/usage.json");
}

/// To a whole kilobyte: a price does not depend on the length of an id.
fn rounded(bytes: usize) -> usize {
    bytes.div_ceil(1024) * 1024
}
