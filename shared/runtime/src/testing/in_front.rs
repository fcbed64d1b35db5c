//! A store in front of another, for tests that change or watch some of its operations.

use futures_util::future::BoxFuture;
use model::Result;

use crate::port::store::{Item, Key, Query, Store, Write, Written};

/// What it does not replace, the store behind it does.
pub trait StoreInFront: Send + Sync {
    fn behind(&self) -> &dyn Store;

    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        self.behind().get(key, consistent)
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        self.behind().write(writes)
    }

    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>> {
        self.behind().get_all(keys)
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        self.behind().query(query)
    }

    fn count<'a>(&'a self, key: &'a Key, ttl: Option<i64>) -> BoxFuture<'a, Result<u64>> {
        self.behind().count(key, ttl)
    }
}

impl<S: StoreInFront> Store for S {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        StoreInFront::get(self, key, consistent)
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        StoreInFront::write(self, writes)
    }

    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>> {
        self.behind().append(table, items)
    }

    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>> {
        StoreInFront::get_all(self, keys)
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        StoreInFront::query(self, query)
    }

    fn count<'a>(&'a self, key: &'a Key, ttl: Option<i64>) -> BoxFuture<'a, Result<u64>> {
        StoreInFront::count(self, key, ttl)
    }
}
