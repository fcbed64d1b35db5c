//! Ports that something happens at: before each does what it is asked, and after it has done it. Whoever dies there is never
//! answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, pending};
use http::{HeaderMap, Request, StatusCode};
use jiff::Timestamp;
use model::Result;

use crate::blob::{Blobs, File, Presigned};
use crate::bus::{Bus, Event};
use crate::ports::Ports;
use crate::queue::Sender;
use crate::store::{Item, Key, Outcome, Query, Store, Write};
use crate::transport::Transport;

/// What happens at each step of a sandbox. Every use of a port has two.
pub trait Fate: Send + Sync {
    fn step(&self) -> BoxFuture<'_, ()>;
}

/// Dies after so many steps: from then on nothing is ever answered, or even done.
pub struct Mortal(AtomicU32);

impl Mortal {
    pub fn after(steps: u32) -> Self {
        Self(AtomicU32::new(steps))
    }
}

impl Fate for Mortal {
    fn step(&self) -> BoxFuture<'_, ()> {
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        Box::pin(async move {
            if left.is_err() {
                pending::<()>().await;
            }
            // Others come in between.
            tokio::task::yield_now().await;
        })
    }
}

struct Fated {
    ports: Ports,
    fate: Arc<dyn Fate>,
}

/// `ports` for a sandbox of this fate.
pub fn fated(ports: Ports, fate: Arc<dyn Fate>) -> Ports {
    let fated = Arc::new(Fated {
        ports: ports.clone(),
        fate,
    });
    Ports {
        store: fated.clone(),
        sender: fated.clone(),
        bus: fated.clone(),
        transport: fated.clone(),
        blobs: fated,
        ..ports
    }
}

/// `ports` for a sandbox that makes so many steps.
pub fn mortal(ports: Ports, steps: u32) -> Ports {
    fated(ports, Arc::new(Mortal::after(steps)))
}

impl Fated {
    fn around<'a, T: Send + 'a>(&'a self, act: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
        Box::pin(async move {
            self.fate.step().await;
            let done = act.await;
            self.fate.step().await;
            done
        })
    }
}

impl Store for Fated {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        self.around(self.ports.store.get(key, consistent))
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Outcome>> {
        self.around(self.ports.store.write(writes))
    }

    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>> {
        self.around(self.ports.store.append(table, items))
    }

    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>> {
        self.around(self.ports.store.get_all(keys))
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        self.around(self.ports.store.query(query))
    }

    fn count<'a>(&'a self, key: &'a Key, ttl: Option<i64>) -> BoxFuture<'a, Result<u64>> {
        self.around(self.ports.store.count(key, ttl))
    }
}

impl Sender for Fated {
    fn send<'a>(
        &'a self,
        url: &'a str,
        body: String,
        delay: Duration,
        reason: Option<&'a str>,
    ) -> BoxFuture<'a, Result<()>> {
        // What the stand-in does is done when it is called, and not when it is awaited.
        self.around(async move { self.ports.sender.send(url, body, delay, reason).await })
    }
}

impl Bus for Fated {
    fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<()>> {
        self.around(async move { self.ports.bus.publish(events).await })
    }
}

impl Transport for Fated {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        self.around(self.ports.transport.send(request))
    }

    fn warm<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()> {
        self.ports.transport.warm(url)
    }
}

impl Blobs for Fated {
    fn put<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        media_type: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<()>> {
        self.around(async move { self.ports.blobs.put(bucket, key, media_type, bytes).await })
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        self.around(self.ports.blobs.get(bucket, key))
    }

    fn presign<'a>(&'a self, file: File<'a>, now: Timestamp) -> BoxFuture<'a, Result<Presigned>> {
        self.around(self.ports.blobs.presign(file, now))
    }
}
