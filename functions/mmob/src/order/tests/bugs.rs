//! Mistakes that somebody could make, planted one at a time. Chance has to find each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use model::Result;
use runtime::ports::Ports;
use runtime::signature;
use runtime::store::{Item, Key, Outcome, Query, Store, When, Write, item};
use runtime::transport::Transport;

use super::life::{Plan, live};
use super::web::SECRET;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// No write of an order asks whether it has changed.
    NoConditions,
    /// An order that is posted again replaces the first.
    CreateReplaces,
    /// A row that somebody holds is taken on all the same.
    LeaseIgnored,
    /// Who holds a row writes it without asking whether they still do.
    OwnerForgotten,
    /// MMOB is answered before the order is written down, which then does not happen.
    AnswersFirst,
    /// A message is acknowledged before its work is done.
    AcknowledgesFirst,
    /// Nothing looks at what was left lying.
    SweepBlind,
    /// An order is not put down as due.
    DueForgotten,
    /// A provider is asked under another id each time.
    FreshIds,
    /// That a provider is asked is not written down before.
    CallUnwritten,
    /// What was decided is not written down before MMOB is told.
    DecisionUnwritten,
    /// MMOB counts as told, and is not.
    NotTold,
    /// An operator may change what is final.
    OperatorOverrides,
}

impl Bug {
    const ALL: [Self; 13] = [
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
        Self::NotTold,
        Self::OperatorOverrides,
    ];
}

struct Bugged {
    ports: Ports,
    bug: Bug,
    calls: AtomicU32,
}

pub fn bugged(ports: Ports, bug: Bug) -> Ports {
    let bugged = Arc::new(Bugged {
        ports: ports.clone(),
        bug,
        calls: AtomicU32::new(0),
    });
    Ports {
        store: bugged.clone(),
        transport: bugged,
        ..ports
    }
}

fn says(item: &Item, member: &str, value: &str) -> bool {
    item.get(member)
        .is_some_and(|found| found.as_s().is_ok_and(|text| text == value))
}

fn text(member: &str, value: &str) -> Item {
    item(&BTreeMap::from([(member, value)])).unwrap()
}

impl Bugged {
    /// The write as the mistake makes it; None where it is not made at all.
    fn mistaken(&self, mut write: Write) -> Option<Write> {
        let Some(item) = write.item.as_mut() else {
            return Some(write);
        };
        if !says(item, "sk", "ORDER") {
            return Some(write);
        }
        let creates = write.when == When::Absent;
        let any = || When::Any(vec![When::Absent, When::text("sk", "ORDER")]);
        match self.bug {
            Bug::NoConditions if !creates => write.when = any(),
            Bug::CreateReplaces if creates => write.when = any(),
            Bug::OwnerForgotten if item.contains_key("owner") && !says(item, "step", "RECEIVED") => write.when = any(),
            Bug::AnswersFirst if creates => return None,
            Bug::CallUnwritten if says(item, "step", "CALLING") => item.extend(text("step", "RECEIVED")),
            Bug::DecisionUnwritten if says(item, "step", "DECIDED") => return None,
            Bug::DueForgotten if says(item, "dueIn", "ORDER") => {
                item.remove("dueIn");
                item.remove("dueAt");
            }
            _ => {}
        }
        Some(write)
    }
}

impl Store for Bugged {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        Box::pin(async move {
            let mut found = self.ports.store.get(key, consistent).await?;
            if let Some(row) = found.as_mut() {
                if self.bug == Bug::LeaseIgnored {
                    row.remove("leasedUntil");
                }
                if self.bug == Bug::OperatorOverrides && says(row, "sk", "ORDER") {
                    row.extend(text("status", "Pending"));
                }
            }
            Ok(found)
        })
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Outcome>> {
        Box::pin(async move {
            let writes: Vec<_> = writes.into_iter().filter_map(|write| self.mistaken(write)).collect();
            match writes.is_empty() {
                true => Ok(Outcome::Done),
                false => self.ports.store.write(writes).await,
            }
        })
    }

    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>> {
        self.ports.store.append(table, items)
    }

    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>> {
        self.ports.store.get_all(keys)
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        Box::pin(async move {
            match self.bug {
                Bug::SweepBlind => Ok(Vec::new()),
                _ => self.ports.store.query(query).await,
            }
        })
    }

    fn count<'a>(&'a self, key: &'a Key, ttl: Option<i64>) -> BoxFuture<'a, Result<u64>> {
        self.ports.store.count(key, ttl)
    }
}

impl Transport for Bugged {
    fn send(&self, mut request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        let updates = request.method() == Method::POST && request.uri().path() == "/orders/po_1";
        if self.bug == Bug::NotTold && updates {
            return Box::pin(async { Ok((StatusCode::OK, HeaderMap::new(), Bytes::new())) });
        }
        if let (Bug::FreshIds, Some(timestamp)) = (self.bug, request.headers().get(signature::TIMESTAMP).cloned()) {
            // Each sandbox counts for itself; the time tells them apart.
            let seconds: i64 = timestamp.to_str().unwrap().parse().unwrap();
            let id = format!("{seconds}-{}", self.calls.fetch_add(1, Ordering::Relaxed));
            let signed = signature::sign(SECRET, &id, seconds, request.body()).unwrap();
            request.headers_mut().insert(signature::ID, id.parse().unwrap());
            request
                .headers_mut()
                .insert(signature::SIGNATURE, signed.parse().unwrap());
        }
        self.ports.transport.send(request)
    }

    fn warm<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()> {
        self.ports.transport.warm(url)
    }
}

#[tokio::test(start_paused = true)]
async fn every_planted_bug_is_found_within_a_thousand_seeds() {
    let mut unseen = Vec::new();
    for bug in Bug::ALL {
        let mut found = None;
        for seed in 0..1000 {
            if let Err(what) = live(Plan::chance(seed, Some(bug))).await {
                found = Some((seed, what));
                break;
            }
        }
        match found {
            Some((seed, what)) => eprintln!("{bug:?}: after {} lives: {what}", seed + 1),
            None => unseen.push(bug),
        }
    }
    assert!(unseen.is_empty(), "not found: {unseen:?}");
}
