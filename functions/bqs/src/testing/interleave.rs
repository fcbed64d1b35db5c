//! A store in which other requests write first.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use model::Result;
use runtime::port::Ports;
use runtime::port::store::{Item, Key, Memory, Query, Store, Write, Written};
use runtime::testing::Harness;

use crate::Env;

struct InterleavedStore {
    store: Arc<Memory>,
    turns: Mutex<Vec<Vec<Write>>>,
}

/// A new instance. One turn of these writes happens just before each of its transactions.
pub fn interleave(hub: &Harness<Env>, turns: Vec<Vec<Write>>) -> Harness<Env> {
    let store = Arc::new(InterleavedStore {
        store: Arc::clone(&hub.fakes.store),
        turns: Mutex::new(turns),
    });
    hub.clone().ports(move |ports| Ports {
        store: store.clone(),
        ..ports
    })
}

impl Store for InterleavedStore {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        self.store.get(key, consistent)
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        Box::pin(async move {
            let mut turn = Vec::new();
            if writes.len() > 1 {
                let mut turns = self.turns.lock().unwrap();
                if !turns.is_empty() {
                    turn = turns.remove(0);
                }
            }
            assert_eq!(self.store.write(turn).await.unwrap(), Written::Done);
            self.store.write(writes).await
        })
    }

    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>> {
        self.store.append(table, items)
    }

    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>> {
        self.store.get_all(keys)
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        self.store.query(query)
    }

    fn count<'a>(&'a self, key: &'a Key, ttl: Option<i64>) -> BoxFuture<'a, Result<u64>> {
        self.store.count(key, ttl)
    }
}
