//! A store that watches orders being written, and knows what must never happen to one.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use model::Result;
use model::order::Outcome as Decision;
use runtime::store::{Item, Key, Memory, Outcome, Query, Store, Write, typed};
use tokio::time::Instant;

use crate::order::{OrderRow, Step};

#[derive(Default)]
pub struct Seen {
    /// Each decision by its round, in order.
    pub decisions: Vec<(u32, Decision)>,
    /// When a round came to its end, with MMOB or with an operator.
    pub ended: Vec<(u32, Instant)>,
    pub violations: Vec<String>,
    last: Option<OrderRow>,
}

pub struct Witness {
    pub store: Arc<Memory>,
    pub seen: Mutex<Seen>,
}

impl Witness {
    pub fn new(store: Arc<Memory>) -> Self {
        Self {
            store,
            seen: Mutex::default(),
        }
    }

    fn see(&self, after: OrderRow) {
        let mut seen = self.seen.lock().unwrap();
        if let Some(before) = seen.last.take() {
            if before.status.is_final() && (after.status != before.status || after.decision != before.decision) {
                seen.violations
                    .push(format!("{} became {}", before.status, after.status));
            }
            if after.round < before.round {
                seen.violations.push("a round came back".into());
            }
            if before.decision.is_some() && after.decision.is_none() && after.round == before.round {
                seen.violations.push("a decision was lost".into());
            }
        }
        let decision = after.decision.clone().map(|decision| (after.round, decision));
        if let Some(decision) = decision.filter(|decision| seen.decisions.last() != Some(decision)) {
            seen.decisions.push(decision);
        }
        let ended = after.step == Step::Told || after.manual.is_some();
        if ended && seen.ended.last().is_none_or(|(round, _)| *round != after.round) {
            seen.ended.push((after.round, Instant::now()));
        }
        seen.last = Some(after);
    }
}

impl Store for Witness {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        self.store.get(key, consistent)
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Outcome>> {
        Box::pin(async move {
            let orders = writes.iter().filter(|write| write.key.pk.starts_with("ORDER#"));
            let orders: Vec<_> = orders.filter_map(|write| write.item.clone()).collect();
            let outcome = self.store.write(writes).await?;
            if outcome == Outcome::Done {
                orders.into_iter().for_each(|order| self.see(typed(order).unwrap()));
            }
            Ok(outcome)
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
