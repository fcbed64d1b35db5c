//! Orders on stand-ins: MMOB, a provider, the queue, and a store that checks invariants.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use runtime::port::Ports;
use runtime::port::store::{Store, Write, Written};
use runtime::testing::{Harness, TestResponse};
use runtime::work::row::{Revised, Row};
use runtime::work::seal::Sealed;
use serde_json::{Map, Value};

use super::fake_mmob::{FakeMmob, PROVIDER, SECRET};
use super::fake_sqs::FakeSqs;
use super::invariant_store::InvariantStore;
use super::mutated_ports::{Mutant, mutated};
use crate::Env;
use crate::order::row::OrderRow;
use crate::product::{self, Fulfilment, ProductRow};
use crate::testing::{TOKEN, harness};

pub const WORKER: &str = "mmob-order-process";
pub const SWEEP: &str = "mmob-order-sweep";
/// The message about the order of [`super::fake_mmob::order`].
pub const MESSAGE: &str = r#"{"id":"po_1"}"#;

/// The product of the order.
pub const PRODUCT: &str = "prod_1";

pub struct Orders {
    /// Staff calls it. The webhook ignores credentials.
    pub harness: Harness<Env>,
    pub mmob: Arc<FakeMmob>,
    pub sqs: Arc<FakeSqs>,
    pub store: Arc<InvariantStore>,
}

impl Orders {
    /// With a product of this fulfilment, or none.
    pub fn new(fulfilment: Option<Fulfilment>) -> Self {
        Self::with(fulfilment, 0, None)
    }

    pub fn with(fulfilment: Option<Fulfilment>, seed: u64, mutant: Option<Mutant>) -> Self {
        let harness = harness();
        let mmob = Arc::new(FakeMmob::new(harness.clock(), seed));
        let sqs: Arc<FakeSqs> = Arc::default();
        let store = Arc::new(InvariantStore::new(Arc::clone(&harness.fakes.store)));
        let (to_mmob, queue, checked) = (Arc::clone(&mmob), Arc::clone(&sqs), Arc::clone(&store));
        let harness = harness.ports(move |ports| {
            let ports = Ports {
                store: checked.clone(),
                sender: queue.clone(),
                transport: to_mmob.clone(),
                ..ports
            };
            match mutant {
                Some(mutant) => mutated(ports, mutant),
                None => ports,
            }
        });
        let orders = Self {
            harness: harness.as_staff(),
            mmob,
            sqs,
            store,
        };
        if let Some(fulfilment) = fulfilment {
            let product = ProductRow::new(PRODUCT, fulfilment, orders.harness.now());
            orders.write(product.create(orders.harness.env().table().unwrap()).unwrap());
        }
        orders
    }

    /// With an order after its first delivery to a worker, and whether that message is done.
    pub async fn worked(fulfilment: Option<Fulfilment>, prepare: impl FnOnce(&Self)) -> (Self, bool) {
        let orders = Self::new(fulfilment);
        prepare(&orders);
        assert_eq!(orders.place().await, 200);
        let done = orders.work().await;
        (orders, done)
    }

    pub fn instance(&self) -> Harness<Env> {
        self.harness.instance()
    }

    /// Posts MMOB's order as MMOB does. The response's status.
    pub async fn place(&self) -> i64 {
        self.place_changed(|_| {}).await
    }

    /// Posts MMOB's order after a change.
    pub async fn place_changed(&self, change: impl FnOnce(&mut Map<String, Value>)) -> i64 {
        let mut order = self.mmob.books().order.clone();
        change(&mut order);
        let body = Value::Object(order).to_string();
        post(&self.instance(), TOKEN, &body).await.status
    }

    /// Delivers each visible message once, to a new instance. Whether all of them are done.
    pub async fn work(&self) -> bool {
        let mut done = true;
        while let Some(message) = self.sqs.receive() {
            if deliver(&self.instance(), &message.body).await {
                self.sqs.delete(&message);
            } else {
                done = false;
            }
        }
        done
    }

    /// Works through the queue for a minute.
    pub async fn work_for_a_minute(&self) {
        for _ in 0..60 {
            pass(1).await;
            self.work().await;
        }
    }

    /// Whether the run succeeded.
    pub async fn sweep(&self) -> bool {
        self.instance().tick(SWEEP).await == Some(true)
    }

    /// Every update that MMOB carried out.
    pub fn updates(&self) -> Vec<(String, Value)> {
        self.mmob.books().updates.clone()
    }

    pub fn find(&self) -> Option<OrderRow> {
        // Past the mutant, and without a fault.
        let key = OrderRow::key(self.harness.env().table().unwrap(), "po_1");
        let found = self
            .harness
            .fakes
            .store
            .get(&key, true)
            .now_or_never()
            .unwrap()
            .unwrap();
        found.map(|row| runtime::port::store::typed(row).unwrap())
    }

    pub fn row(&self) -> OrderRow {
        self.find().unwrap()
    }

    pub fn write(&self, write: Write) {
        let write = self.harness.fakes.store.write(vec![write]);
        assert_eq!(write.now_or_never().unwrap().unwrap(), Written::Done);
    }

    /// Writes the row after a change.
    pub fn change(&self, change: impl FnOnce(&mut OrderRow)) {
        let mut row = self.row();
        change(&mut row);
        self.write(
            row.replace(self.harness.env().table().unwrap(), self.harness.now())
                .unwrap(),
        );
    }

    /// Whether no request has had an effect.
    pub fn is_untouched(&self) -> bool {
        self.find().is_none() && self.sqs.messages().is_empty() && self.mmob.books().mmob_requests.is_empty()
    }
}

/// The provider's secret, as the row of this product has it.
pub fn sealed(product: &str) -> Sealed {
    let harness = harness();
    let sealed = product::seal(&harness.env(), product, SECRET, harness.now()).now_or_never();
    sealed.unwrap().unwrap()
}

pub fn callback() -> Option<Fulfilment> {
    Some(Fulfilment::Callback {
        url: PROVIDER.into(),
        secret: sealed(PRODUCT),
    })
}

pub fn auto(required: &[&str]) -> Option<Fulfilment> {
    Some(Fulfilment::Auto {
        required_inputs: required.iter().map(|name| (*name).to_owned()).collect(),
    })
}

pub async fn post(instance: &Harness<Env>, token: &str, body: &str) -> TestResponse {
    instance.post("/webhooks/mmob/token", body).path("token", token).await
}

/// Delivers a message to this instance. Whether the message is done.
pub async fn deliver(instance: &Harness<Env>, body: &str) -> bool {
    instance.deliver(WORKER, body).await == Some(true)
}

pub async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}
