//! A store in which somebody else writes first.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use model::Result;
use runtime::ports::Ports;
use runtime::store::{Item, Key, Memory, Outcome, Query, Store, Write};

/// Does what it is told before each transaction.
struct Meddling {
    store: Arc<Memory>,
    turns: Mutex<Vec<Vec<Write>>>,
}

/// Ports on whose store these writes happen, one turn just before each transaction.
pub fn meddling(ports: Ports, store: &Arc<Memory>, turns: Vec<Vec<Write>>) -> Ports {
    let store = Arc::clone(store);
    Ports {
        store: Arc::new(Meddling {
            store,
            turns: Mutex::new(turns),
        }),
        ..ports
    }
}

impl Store for Meddling {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        self.store.get(key, consistent)
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Outcome>> {
        Box::pin(async move {
            let mut turn = Vec::new();
            if writes.len() > 1 {
                let mut turns = self.turns.lock().unwrap();
                if !turns.is_empty() {
                    turn = turns.remove(0);
                }
            }
            assert_eq!(self.store.write(turn).await.unwrap(), Outcome::Done);
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
