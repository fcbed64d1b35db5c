//! A store that checks every write of an order against what must never happen.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use model::Result;
use model::order::OrderOutcome;
use runtime::port::store::{Memory, Store, Write, Written, typed};
use runtime::testing::StoreInFront;
use tokio::time::Instant;

use crate::order::row::{OrderRow, OrderStep};

#[derive(Default)]
pub struct History {
    /// Each decision with its round, in order.
    pub decisions: Vec<(u32, OrderOutcome)>,
    /// When each round ended, reported to MMOB or left to an operator.
    pub ended: Vec<(u32, Instant)>,
    pub violations: Vec<String>,
    last: Option<OrderRow>,
}

pub struct InvariantStore {
    store: Arc<Memory>,
    pub history: Mutex<History>,
}

impl InvariantStore {
    pub fn new(store: Arc<Memory>) -> Self {
        Self {
            store,
            history: Mutex::default(),
        }
    }

    fn record(&self, after: OrderRow) {
        let mut history = self.history.lock().unwrap();
        if let Some(before) = history.last.take() {
            if before.status.is_final() && (after.status != before.status || after.decision != before.decision) {
                history
                    .violations
                    .push(format!("{} became {}", before.status, after.status));
            }
            if after.round < before.round {
                history.violations.push("an earlier round came back".into());
            }
            if before.decision.is_some() && after.decision.is_none() && after.round == before.round {
                history.violations.push("a decision was lost".into());
            }
        }
        let decision = after.decision.clone().map(|decision| (after.round, decision));
        if let Some(decision) = decision.filter(|decision| history.decisions.last() != Some(decision)) {
            history.decisions.push(decision);
        }
        let ended = after.step == OrderStep::Reported || after.manual.is_some();
        if ended && history.ended.last().is_none_or(|(round, _)| *round != after.round) {
            history.ended.push((after.round, Instant::now()));
        }
        history.last = Some(after);
    }
}

impl StoreInFront for InvariantStore {
    fn behind(&self) -> &dyn Store {
        self.store.as_ref()
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        Box::pin(async move {
            let orders = writes.iter().filter(|write| write.key.pk.starts_with("ORDER#"));
            let orders: Vec<_> = orders.filter_map(|write| write.item.clone()).collect();
            let outcome = self.store.write(writes).await?;
            if outcome == Written::Done {
                orders.into_iter().for_each(|order| self.record(typed(order).unwrap()));
            }
            Ok(outcome)
        })
    }
}
