//! Ports with a fault before and after each operation. An instance that crashes there never gets an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, pending};
use http::{HeaderMap, Request, StatusCode};
use jiff::Timestamp;
use model::Result;
use tokio::sync::Semaphore;

use crate::port::Ports;
use crate::port::blob::{Blobs, File, Presigned};
use crate::port::bus::{Bus, Event};
use crate::port::eraser::{Eraser, ScanPage};
use crate::port::queue::Sender;
use crate::port::scanner::{ScanVerdict, Scanner};
use crate::port::store::{Item, Key, Query, Store, Write, Written};
use crate::port::transport::Transport;

/// What happens at each step of an instance. Every use of a port has two steps.
pub trait Fault: Send + Sync {
    fn step(&self) -> BoxFuture<'_, ()>;
}

/// Crashes after this many steps: no later operation is done or answered.
pub struct CrashAfter(AtomicU32);

impl CrashAfter {
    pub fn new(steps: u32) -> Self {
        Self(AtomicU32::new(steps))
    }
}

impl Fault for CrashAfter {
    fn step(&self) -> BoxFuture<'_, ()> {
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        Box::pin(async move {
            if left.is_err() {
                pending::<()>().await;
            }
            // Other tasks run in between.
            tokio::task::yield_now().await;
        })
    }
}

/// Suspends an instance at one step until the test resumes it.
pub struct SuspendAt {
    steps: AtomicU32,
    resumed: Semaphore,
}

impl SuspendAt {
    pub fn new(steps: u32) -> Self {
        Self {
            steps: AtomicU32::new(steps),
            resumed: Semaphore::new(0),
        }
    }

    pub fn resume(&self) {
        self.resumed.add_permits(1);
    }
}

impl Fault for SuspendAt {
    fn step(&self) -> BoxFuture<'_, ()> {
        let left = self.steps.fetch_sub(1, Ordering::Relaxed);
        Box::pin(async move {
            if left == 0
                && let Ok(permit) = self.resumed.acquire().await
            {
                permit.forget();
            }
        })
    }
}

struct Faulty {
    ports: Ports,
    fault: Arc<dyn Fault>,
}

/// `ports` for an instance with this fault.
pub fn with_faults(ports: Ports, fault: Arc<dyn Fault>) -> Ports {
    let faulty = Arc::new(Faulty {
        ports: ports.clone(),
        fault,
    });
    Ports {
        store: faulty.clone(),
        sender: faulty.clone(),
        bus: faulty.clone(),
        transport: faulty.clone(),
        blobs: faulty.clone(),
        scanner: faulty.clone(),
        eraser: faulty,
        ..ports
    }
}

/// `ports` for an instance that crashes after this many steps.
pub fn crash_after(ports: Ports, steps: u32) -> Ports {
    with_faults(ports, Arc::new(CrashAfter::new(steps)))
}

impl Faulty {
    fn around<'a, T: Send + 'a>(&'a self, act: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
        Box::pin(async move {
            self.fault.step().await;
            let done = act.await;
            self.fault.step().await;
            done
        })
    }
}

impl Store for Faulty {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        self.around(self.ports.store.get(key, consistent))
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
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

impl Sender for Faulty {
    fn send<'a>(
        &'a self,
        url: &'a str,
        body: String,
        delay: Duration,
        reason: Option<&'a str>,
    ) -> BoxFuture<'a, Result<()>> {
        // The stand-in acts when it is called, not when it is awaited.
        self.around(async move { self.ports.sender.send(url, body, delay, reason).await })
    }
}

impl Bus for Faulty {
    fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<()>> {
        self.around(async move { self.ports.bus.publish(events).await })
    }
}

impl Transport for Faulty {
    fn send(&self, request: Request<Bytes>, max_bytes: usize) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        self.around(self.ports.transport.send(request, max_bytes))
    }

    fn notify(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<(StatusCode, HeaderMap)>> {
        self.around(self.ports.transport.notify(request))
    }

    fn warm<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()> {
        self.ports.transport.warm(url)
    }
}

impl Blobs for Faulty {
    fn put<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        media_type: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<()>> {
        self.around(async move { self.ports.blobs.put(bucket, key, media_type, bytes).await })
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, size: u64) -> BoxFuture<'a, Result<Option<Bytes>>> {
        self.around(self.ports.blobs.get(bucket, key, size))
    }

    fn delete<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<()>> {
        self.around(async move { self.ports.blobs.delete(bucket, key).await })
    }

    fn presign<'a>(&'a self, file: File<'a>, now: Timestamp) -> BoxFuture<'a, Result<Presigned>> {
        self.around(self.ports.blobs.presign(file, now))
    }
}

impl Scanner for Faulty {
    fn verdict<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<ScanVerdict>> {
        self.around(self.ports.scanner.verdict(bucket, key))
    }
}

impl Eraser for Faulty {
    fn scan<'a>(&'a self, table: &'a str, after: Option<&'a Key>) -> BoxFuture<'a, Result<ScanPage>> {
        self.around(self.ports.eraser.scan(table, after))
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool>> {
        self.around(self.ports.eraser.delete(key))
    }

    fn delete_files<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<u64>> {
        self.around(self.ports.eraser.delete_files(bucket, prefix))
    }
}
