//! A store in which other requests write first.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use model::Result;
use runtime::port::Ports;
use runtime::port::store::{Memory, Store, Write, Written};
use runtime::testing::{Harness, StoreInFront};

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

impl StoreInFront for InterleavedStore {
    fn behind(&self) -> &dyn Store {
        self.store.as_ref()
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
}
