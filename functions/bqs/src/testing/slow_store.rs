//! A store whose operations take time, so that concurrent requests interleave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::Result;
use runtime::port::store::{Item, Key, Query, Store, Write, Written};
use runtime::testing::StoreInFront;

pub struct SlowStore {
    store: Arc<dyn Store>,
    turn: AtomicU64,
}

impl SlowStore {
    pub fn new(store: Arc<dyn Store>, seed: u64) -> Self {
        Self {
            store,
            turn: AtomicU64::new(seed),
        }
    }

    /// Up to 8 ms. The seed decides the order.
    async fn wait(&self) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let micros = turn.wrapping_mul(6_364_136_223_846_793_005) >> 51;
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}

impl StoreInFront for SlowStore {
    fn behind(&self) -> &dyn Store {
        self.store.as_ref()
    }

    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        Box::pin(async move {
            self.wait().await;
            self.store.get(key, consistent).await
        })
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        Box::pin(async move {
            self.wait().await;
            self.store.write(writes).await
        })
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        Box::pin(async move {
            self.wait().await;
            self.store.query(query).await
        })
    }
}
