//! A store that refuses to write to one partition.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Error, Kind, Result};
use runtime::port::store::{Store, Write, Written};
use runtime::testing::StoreInFront;

pub struct FailingStore {
    pub store: Arc<dyn Store>,
    pub partition: &'static str,
}

impl StoreInFront for FailingStore {
    fn behind(&self) -> &dyn Store {
        self.store.as_ref()
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        if writes.iter().any(|write| write.key.pk == self.partition) {
            return Box::pin(async { Err(Error::new(Kind::Unavailable, "the partition is busy")) });
        }
        self.store.write(writes)
    }
}
