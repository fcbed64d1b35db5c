//! Erasures in tests: requested as the route does it, and compared row by row.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::Result;
use model::id::ErasureId;

use super::harness::Harness;
use crate::port::Ports;
use crate::port::eraser::{Eraser, ScanPage};
use crate::port::store::{Item, Key, Store};
use crate::trigger::domain::Domain;
use crate::work::erasure::{DomainErasure, ErasureRow, ErasureSubject};
use crate::work::row::{Row, Table};

const REGISTER: &str = "erasures";

fn register<E: Domain>(h: &Harness<E>) -> Table<'_> {
    Table::new(h.fakes.store.as_ref(), REGISTER)
}

/// Requests an erasure now.
#[expect(clippy::expect_used, reason = "for tests")]
pub async fn request<E: Domain>(h: &Harness<E>, subject: ErasureSubject) -> ErasureId {
    let row = ErasureRow::new(ErasureId::new(h.now()), subject, "admin", h.now());
    let writes = row.begin(register(h)).expect("writes");
    let _ = h.fakes.store.write(writes).await.expect("a register");
    row.id
}

/// The subject of this address.
#[expect(clippy::expect_used, reason = "for tests")]
pub fn email<E: Domain>(h: &Harness<E>, address: &str) -> ErasureSubject {
    ErasureSubject::email(h.env().redactor(), &address.parse().expect("an address"))
}

/// How far an erasure is in a domain.
#[expect(clippy::expect_used, reason = "for tests")]
pub async fn state<E: Domain>(h: &Harness<E>, id: ErasureId, domain: &str) -> DomainErasure {
    let row = ErasureRow::load(register(h), &id).await.expect("a register");
    let mut row = row.expect("an erasure");
    row.domains.remove(domain).expect("a domain")
}

/// Every row outside the register.
pub fn data<E: Domain>(h: &Harness<E>) -> BTreeMap<Key, Item> {
    let mut rows = h.fakes.store.rows();
    rows.retain(|key, _| key.table != REGISTER);
    rows
}

/// Everything that is stored, in lower case, to search for values in.
pub fn everything<E: Domain>(h: &Harness<E>) -> String {
    let files = h.fakes.files.versions();
    format!("{:?}{:?}{files:?}", h.fakes.store.rows(), h.fakes.files.files()).to_lowercase()
}

/// The stand-ins with scans that take this long.
pub fn slow_scans(ports: Ports, time: Duration) -> Ports {
    let eraser = Arc::clone(&ports.eraser);
    Ports {
        eraser: Arc::new(SlowEraser { eraser, time }),
        ..ports
    }
}

struct SlowEraser {
    eraser: Arc<dyn Eraser>,
    time: Duration,
}

impl Eraser for SlowEraser {
    fn scan<'a>(&'a self, table: &'a str, after: Option<&'a Key>) -> BoxFuture<'a, Result<ScanPage>> {
        Box::pin(async move {
            tokio::time::sleep(self.time).await;
            self.eraser.scan(table, after).await
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool>> {
        self.eraser.delete(key)
    }

    fn delete_files<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<u64>> {
        self.eraser.delete_files(bucket, prefix)
    }
}
