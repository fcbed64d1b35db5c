//! Mutants: mistakes in the use of the ports, planted one at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use model::Result;
use runtime::http::signature;
use runtime::port::Ports;
use runtime::port::store::{Item, Key, Query, Store, When, Write, Written, item};
use runtime::port::transport::Transport;
use runtime::testing::StoreInFront;

use super::fake_mmob::SECRET;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Writes of an order ignore its revision.
    NoConditions,
    /// A repeated order replaces the first.
    CreateReplaces,
    /// A worker ignores the lease of another one.
    LeaseIgnored,
    /// A worker writes an order without checking that it still holds the lease.
    OwnerForgotten,
    /// The webhook answers MMOB and does not store the order.
    AnswersFirst,
    /// The queue deletes a message before the worker is done.
    AcknowledgesFirst,
    /// The sweep finds nothing.
    SweepBlind,
    /// An order has no time for the sweep.
    DueForgotten,
    /// Each call to a provider has another id.
    FreshIds,
    /// The step is not stored before the call to a provider.
    CallUnwritten,
    /// The decision is not stored before the report to MMOB.
    DecisionUnwritten,
    /// The report to MMOB is not sent and counts as sent.
    ReportSkipped,
    /// An operator changes a final status.
    OperatorOverrides,
}

impl Mutant {
    pub const ALL: [Self; 13] = [
        Self::NoConditions,
        Self::CreateReplaces,
        Self::LeaseIgnored,
        Self::OwnerForgotten,
        Self::AnswersFirst,
        Self::AcknowledgesFirst,
        Self::SweepBlind,
        Self::DueForgotten,
        Self::FreshIds,
        Self::CallUnwritten,
        Self::DecisionUnwritten,
        Self::ReportSkipped,
        Self::OperatorOverrides,
    ];
}

struct MutatedPorts {
    ports: Ports,
    mutant: Mutant,
    calls: AtomicU32,
}

/// The ports of an instance with this mutant.
pub fn mutated(ports: Ports, mutant: Mutant) -> Ports {
    let mutated = Arc::new(MutatedPorts {
        ports: ports.clone(),
        mutant,
        calls: AtomicU32::new(0),
    });
    Ports {
        store: mutated.clone(),
        transport: mutated,
        ..ports
    }
}

fn has(item: &Item, member: &str, value: &str) -> bool {
    item.get(member)
        .is_some_and(|found| found.as_s().is_ok_and(|text| text == value))
}

fn text(member: &str, value: &str) -> Item {
    item(&BTreeMap::from([(member, value)])).unwrap()
}

impl MutatedPorts {
    /// The write as the mutant makes it, or None if it skips the write.
    fn mutate(&self, mut write: Write) -> Option<Write> {
        let Some(item) = write.item.as_mut() else {
            return Some(write);
        };
        if !has(item, "sk", "ORDER") {
            return Some(write);
        }
        let creates = write.when == When::Absent;
        let any = || When::Any(vec![When::Absent, When::text("sk", "ORDER")]);
        match self.mutant {
            Mutant::NoConditions if !creates => write.when = any(),
            Mutant::CreateReplaces if creates => write.when = any(),
            Mutant::OwnerForgotten if item.contains_key("leaseOwner") && !has(item, "step", "RECEIVED") => {
                write.when = any()
            }
            Mutant::AnswersFirst if creates => return None,
            Mutant::CallUnwritten if has(item, "step", "CALLING") => item.extend(text("step", "RECEIVED")),
            Mutant::DecisionUnwritten if has(item, "step", "DECIDED") => return None,
            Mutant::DueForgotten if has(item, "dueIn", "ORDER") => {
                item.remove("dueIn");
                item.remove("dueAt");
            }
            _ => {}
        }
        Some(write)
    }
}

impl StoreInFront for MutatedPorts {
    fn behind(&self) -> &dyn Store {
        self.ports.store.as_ref()
    }

    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        Box::pin(async move {
            let mut found = self.ports.store.get(key, consistent).await?;
            if let Some(row) = found.as_mut() {
                if self.mutant == Mutant::LeaseIgnored {
                    row.remove("leasedUntil");
                }
                if self.mutant == Mutant::OperatorOverrides && has(row, "sk", "ORDER") {
                    row.extend(text("status", "Pending"));
                }
            }
            Ok(found)
        })
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        Box::pin(async move {
            let writes: Vec<_> = writes.into_iter().filter_map(|write| self.mutate(write)).collect();
            match writes.is_empty() {
                true => Ok(Written::Done),
                false => self.ports.store.write(writes).await,
            }
        })
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        Box::pin(async move {
            match self.mutant {
                Mutant::SweepBlind => Ok(Vec::new()),
                _ => self.ports.store.query(query).await,
            }
        })
    }
}

impl Transport for MutatedPorts {
    fn send(
        &self,
        mut request: Request<Bytes>,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        let updates = request.method() == Method::POST && request.uri().path() == "/orders/po_1";
        if self.mutant == Mutant::ReportSkipped && updates {
            return Box::pin(async { Ok((StatusCode::OK, HeaderMap::new(), Bytes::new())) });
        }
        if let (Mutant::FreshIds, Some(timestamp)) = (self.mutant, request.headers().get(signature::TIMESTAMP).cloned())
        {
            // Each instance counts for itself, and the time distinguishes the instances.
            let seconds: i64 = timestamp.to_str().unwrap().parse().unwrap();
            let id = format!("{seconds}-{}", self.calls.fetch_add(1, Ordering::Relaxed));
            let signed = signature::sign(SECRET, &id, seconds, request.body()).unwrap();
            request.headers_mut().insert(signature::ID, id.parse().unwrap());
            request
                .headers_mut()
                .insert(signature::SIGNATURE, signed.parse().unwrap());
        }
        self.ports.transport.send(request, max_bytes)
    }

    fn warm<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()> {
        self.ports.transport.warm(url)
    }
}
