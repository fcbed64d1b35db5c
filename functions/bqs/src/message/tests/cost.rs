//! What a list reads from the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use model::Result;
use runtime::port::Ports;
use runtime::port::store::{Item, Key, Query, Store};
use runtime::testing::{Harness, StoreInFront};

use super::fixtures::{CASE, read, write, writer_and_reader};
use crate::Env;
use crate::channel::Role;
use crate::testing::{channel, harness};

/// A store that counts the reads and the rows that they return.
struct CountingStore {
    store: Arc<dyn Store>,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    reads: AtomicUsize,
    rows: AtomicUsize,
}

impl Count {
    fn add(&self, rows: usize) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// The reads and the rows since the last call.
    fn take(&self) -> (usize, usize) {
        (
            self.reads.swap(0, Ordering::Relaxed),
            self.rows.swap(0, Ordering::Relaxed),
        )
    }
}

impl StoreInFront for CountingStore {
    fn behind(&self) -> &dyn Store {
        self.store.as_ref()
    }

    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        self.count.add(1);
        self.store.get(key, consistent)
    }

    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>> {
        self.count.add(keys.len());
        self.store.get_all(keys)
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        Box::pin(async move {
            let found = self.store.query(query).await?;
            self.count.add(found.len());
            Ok(found)
        })
    }
}

fn counting(hub: &Harness<Env>) -> (Harness<Env>, Arc<Count>) {
    let count = Arc::new(Count::default());
    let counted = Arc::clone(&count);
    let hub = hub.clone().ports(move |ports| Ports {
        store: Arc::new(CountingStore {
            store: ports.store,
            count: Arc::clone(&counted),
        }),
        ..ports
    });
    (hub, count)
}

/// 3 messages for dealer 976 among 5,000 for other dealers.
async fn three_of_many(writer: &Harness<Env>, dealer: impl Fn(i64) -> i64) {
    for n in 0..5_000 {
        if n % 2_000 == 0 {
            write(writer, CASE, 976, &format!("own {n}")).await;
        }
        write(writer, CASE, dealer(n), &format!("foreign {n}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn other_dealers_messages_are_not_read() {
    // All for one other dealer, and for as many dealers.
    for dealer in [|_| 1, |n| 10_000 + n] {
        let (writer, reader) = writer_and_reader(&harness()).await;
        three_of_many(&writer, dealer).await;
        let (reader, count) = counting(&reader);
        let (texts, cursor) = read(&reader, CASE, None).await;
        assert_eq!(texts, ["own 0", "own 2000", "own 4000"]);
        // The channel, the head, and the messages.
        let (reads, rows) = count.take();
        assert!(reads <= 3 && rows <= 2 + 3, "{reads} reads of {rows} rows");
        // The cursor is at the last of them, and the next request costs no more.
        let (texts, next) = read(&reader, CASE, cursor.as_deref()).await;
        assert_eq!((texts.concat().as_str(), next), ("own 4000", cursor.clone()));
        let (reads, rows) = count.take();
        assert!(reads <= 3 && rows <= 2 + 1, "{reads} reads of {rows} rows");
        // A new message comes after the cursor.
        write(&writer, CASE, 976, "new").await;
        assert_eq!(read(&reader, CASE, cursor.as_deref()).await.0, ["own 4000", "new"]);
    }
}

#[tokio::test(start_paused = true)]
async fn messages_for_many_dealers_are_merged_in_the_order_of_arrival() {
    for dealers in [3, 12, 70] {
        let (writer, _) = writer_and_reader(&harness()).await;
        let allowed: Vec<i64> = (0..dealers).step_by(2).chain(1000..1100).collect();
        let key = channel(&writer, "many", &[Role::MessageRead], &allowed).await;
        let (reader, count) = counting(&writer.as_channel(&key));
        let mut wanted = Vec::new();
        for n in 0_i64..400 {
            // No dealer's messages come at regular intervals.
            let dealer = (n * n + n / 7) % dealers;
            let text = n.to_string();
            write(&writer, CASE, dealer, &text).await;
            if dealer % 2 == 0 {
                wanted.push(text);
            }
        }
        let (texts, cursor) = read(&reader, CASE, None).await;
        assert_eq!(texts, wanted, "{dealers} dealers");
        let (_, rows) = count.take();
        assert!(rows < 3 * wanted.len(), "{dealers} dealers: {rows} rows");
        let again = read(&reader, CASE, cursor.as_deref()).await.0;
        assert_eq!(again, wanted[wanted.len() - 1..]);
    }
}
