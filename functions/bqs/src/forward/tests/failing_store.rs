//! A store that refuses to write to one partition.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Error, Kind, Result};
use runtime::port::store::{Item, Key, Query, Store, Write, Written};

pub struct FailingStore {
    pub store: Arc<dyn Store>,
    pub partition: &'static str,
}

impl Store for FailingStore {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        self.store.get(key, consistent)
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        if writes.iter().any(|write| write.key.pk == self.partition) {
            return Box::pin(async { Err(Error::new(Kind::Unavailable, "the partition is busy")) });
        }
        self.store.write(writes)
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
