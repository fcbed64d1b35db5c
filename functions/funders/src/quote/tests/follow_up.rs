//! The follow-up of a quote: its lists, its customer and vehicle, and its events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::event::EventType;
use model::id::ProposalId;
use model::quote::QuoteStatus;
use model::time::UtcTime;
use runtime::port::Ports;
use runtime::port::store::{Item, Store, Write, Written};
use runtime::testing::{Harness, Script, StoreInFront};
use runtime::work::due::DueTime;
use runtime::work::row::Revised;
use serde_json::{Value, json};

use crate::testing::{FundersHarness, GENERATE, SAMPLE, good, harness, priced, sample};
use crate::{Env, customer, vehicle};

/// Type, id and data of every published event.
fn published(h: &Harness<Env>) -> Vec<(EventType, String, Value)> {
    let events = h.fakes.bus.published().into_iter();
    events
        .map(|event| {
            let data = serde_json::from_str(event.data.get()).unwrap();
            (event.kind, event.id.to_string(), data)
        })
        .collect()
}

/// Every row but the log's.
fn stored(h: &Harness<Env>) -> Vec<Item> {
    h.fakes.store.table("funders")
}

async fn john(h: &Harness<Env>) -> Value {
    let got = h.as_customer().get("/api/customers/john.doe@example.com").await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.data()
}

async fn car(h: &Harness<Env>) -> Value {
    h.as_customer().get("/api/vehicles/12345").await.data()
}

/// A priced quote's message for its first look.
async fn priced_message(h: &Harness<Env>) -> String {
    h.fakes.transport.script([], good());
    h.post(GENERATE, SAMPLE).await;
    h.fakes.queue.take().remove(0).body
}

#[tokio::test(start_paused = true)]
async fn a_quote_is_listed_once_updates_its_profiles_and_has_one_event() {
    for funder in model::partner::FUNDERS {
        let h = harness();
        h.fakes.transport.script([], good());
        h.post(GENERATE, sample(funder)).await;
        assert_eq!(h.list("QUOTES#2024-12").len(), 0, "not while the caller waits");
        let message = h.fakes.queue.take().remove(0).body;
        assert!(h.retry(&message, 1).await);
        let row = h.quote();
        let key = format!("QUOTE#{}", row.id);
        for list in ["QUOTES#2024-12", "CUSTOMER#john.doe@example.com#QUOTES"] {
            assert_eq!(h.list(list), [key.as_str()], "{list}");
        }
        assert_eq!(h.list(customer::LIST), ["CUSTOMER#john.doe@example.com"]);
        assert_eq!(h.list(vehicle::LIST), ["VEHICLE#12345"]);
        let events = published(&h);
        let data = json!({
            "quoteId": row.id.to_string(), "funderName": funder, "environment": "SANDBOX", "status": "GENERATED",
        });
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].0, &events[0].2), (EventType::QuoteGenerated, &data));
        assert_eq!(row.announced, Some(QuoteStatus::Generated));
        assert!(h.fakes.queue.sent().is_empty(), "there is nothing left to do");

        let before = stored(&h);
        tokio::time::advance(Duration::from_secs(60)).await;
        for deliveries in [1, 2] {
            assert!(h.retry(&message, deliveries).await);
        }
        assert_eq!(stored(&h), before, "repeating it changes nothing");
        assert_eq!((published(&h).len(), h.fakes.queue.sent().len()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn the_event_of_a_refused_quote_has_the_reason() {
    let h = harness();
    h.fakes.transport.script([], Script::answer(422, "{}"));
    h.post(GENERATE, SAMPLE).await;
    h.first_look().await;
    let events = published(&h);
    assert_eq!((events.len(), events[0].0), (1, EventType::QuoteFailed));
    assert_eq!(
        (&events[0].2["code"], &events[0].2["status"]),
        (&json!("funder-rejected"), &json!("FAILED"))
    );
    assert_eq!(h.list("QUOTES#2024-12").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_quote_is_listed_and_has_no_event_yet() {
    for prefers_async in [false, true] {
        let h = harness();
        h.fakes.transport.script([], Script::answer(500, ""));
        let request = h.post(GENERATE, SAMPLE);
        let got = match prefers_async {
            true => request.header("prefer", "respond-async").await,
            false => request.await,
        };
        assert_eq!(got.status, 202);
        let first = h.fakes.queue.take().remove(0);
        assert!(h.retry(&first.body, 1).await);
        assert_eq!(h.quote().status, QuoteStatus::Pending);
        assert_eq!((h.list("QUOTES#2024-12").len(), published(&h).len()), (1, 0));
        let next = h.fakes.queue.take().remove(0);
        h.fakes.transport.script([], priced());
        assert!(h.retry(&next.body, 1).await);
        assert_eq!((h.quote().status, published(&h).len()), (QuoteStatus::Generated, 1));
        assert_eq!(h.list("QUOTES#2024-12").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_the_event_and_its_record_publishes_the_same_event_again() {
    let h = harness();
    let message = priced_message(&h).await;
    let before: Vec<Item> = stored(&h)
        .into_iter()
        .filter(|row| row["sk"].as_s().unwrap() == "QUOTE")
        .collect();
    assert!(h.retry(&message, 1).await);
    // As if the write had never arrived.
    h.fakes.store.append("funders", before).await.unwrap();
    assert_eq!(h.quote().announced, None);
    assert!(h.retry(&message, 2).await);
    let events = h.fakes.bus.published();
    assert_eq!(events.len(), 2);
    let text = |n: usize| serde_json::to_string(&events[n]).unwrap();
    assert_eq!(text(0), text(1), "subscribers can tell that it is the same");
    assert_eq!(h.quote().announced, Some(QuoteStatus::Generated));
}

#[tokio::test(start_paused = true)]
async fn a_failing_bus_or_store_brings_the_message_back() {
    let h = harness();
    let message = priced_message(&h).await;
    h.fakes.bus.set_down(true);
    assert!(!h.retry(&message, 1).await);
    assert_eq!(h.quote().announced, None);
    h.fakes.bus.set_down(false);
    h.fakes.store.set_down(true);
    assert!(!h.retry(&message, 2).await);
    assert!(published(&h).is_empty());
    h.fakes.store.set_down(false);
    assert!(h.retry(&message, 3).await);
    assert_eq!(published(&h).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_202_has_a_message_behind_it_and_a_price_needs_none() {
    let h = harness();
    h.fakes.transport.script([], Script::answer(500, ""));
    h.fakes.queue.refuse(1);
    assert_eq!(h.post(GENERATE, SAMPLE).await.status, 202);
    assert_eq!(h.fakes.queue.take().len(), 1, "it was sent again");
    h.fakes.queue.refuse(2);
    let got = h.post(GENERATE, SAMPLE).await;
    assert_eq!((got.status, got.code().as_str()), (503, "unavailable"));
    h.fakes.queue.refuse(1);
    let got = h.post(GENERATE, SAMPLE).header("prefer", "respond-async").await;
    assert_eq!(got.status, 503);
    assert_eq!(h.quotes().len(), 2, "nothing was promised, and nothing written");
    h.fakes.queue.refuse(1);
    h.fakes.transport.script([], priced());
    assert_eq!(h.post(GENERATE, SAMPLE).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn the_newest_quote_describes_customer_and_vehicle() {
    let h = harness();
    h.fakes.transport.script([], good());
    let generate = async |phone: &str, model: &str| {
        let body = SAMPLE.replace("+44 7700 900001", phone).replace("3 Series", model);
        assert_eq!(h.post(GENERATE, body).await.status, 201);
        tokio::time::advance(Duration::from_secs(60)).await;
        h.fakes.queue.take().remove(0).body
    };
    let first = generate("+44 7700 900001", "First").await;
    let second = generate("+44 7700 900002", "Second").await;
    let third = generate("+44 7700 900003", "Third").await;
    assert!(h.retry(&second, 1).await);
    let (person, vehicle) = (john(&h).await, car(&h).await);
    assert_eq!(
        (&person["phone"], &vehicle["model"]),
        (&json!("+44 7700 900002"), &json!("Second"))
    );
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(h.retry(&first, 1).await);
    assert_eq!(john(&h).await, person, "an older quote overwrites nothing");
    assert_eq!(car(&h).await, vehicle);
    assert!(h.retry(&third, 1).await);
    let (now, vehicle) = (john(&h).await, car(&h).await);
    assert_eq!(
        (&now["phone"], &vehicle["model"]),
        (&json!("+44 7700 900003"), &json!("Third"))
    );
    assert_eq!((&now["id"], &now["createdAt"]), (&person["id"], &person["createdAt"]));
    assert_ne!(now["updatedAt"], person["updatedAt"]);
    assert!(h.retry(&second, 2).await);
    assert_eq!(john(&h).await, now, "a repeated message overwrites nothing either");
    assert_eq!((h.list(customer::LIST).len(), h.list(vehicle::LIST).len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_comes_back_stays_in_the_list() {
    let h = harness();
    h.fakes.transport.script([], good());
    h.post(GENERATE, SAMPLE).await;
    h.first_look().await;
    tokio::time::advance(Duration::from_secs(80 * 24 * 3600)).await;
    h.as_customer().post(GENERATE, SAMPLE).await;
    h.first_look().await;
    for (list, row) in [(customer::LIST, "CUSTOMER"), (vehicle::LIST, "VEHICLE")] {
        let end = |pk: bool| {
            let mut rows = stored(&h).into_iter();
            let found =
                rows.find(|one| one[if pk { "pk" } else { "sk" }].as_s().unwrap() == if pk { list } else { row });
            found.unwrap()["ttl"].as_n().unwrap().parse::<i64>().unwrap()
        };
        assert_eq!(end(true), end(false), "{list}: the entry lasts as long as its row");
        assert!(end(true) > h.now().as_second() + 89 * 24 * 3600);
    }
}

/// DynamoDB deletes an expired row late. Until then the row must not stand in the way of a new one.
#[tokio::test(start_paused = true)]
async fn a_customer_who_comes_back_after_their_row_has_expired_has_an_event() {
    let h = harness();
    h.fakes.transport.script([], good());
    for quotes in 1..=2 {
        h.as_customer().post(GENERATE, SAMPLE).await;
        h.first_look().await;
        assert_eq!(published(&h).len(), quotes);
        let (customer, vehicle) = (john(&h).await, car(&h).await);
        let now = json!(UtcTime(h.now()));
        assert_eq!((&customer["createdAt"], &vehicle["createdAt"]), (&now, &now));
        tokio::time::advance(Duration::from_secs(91 * 24 * 3600)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_quote_converted_at_once_still_has_its_event() {
    let h = harness();
    let message = priced_message(&h).await;
    let mut row = h.quote();
    row.converted(ProposalId::new(h.now()), h.now());
    let write = row.replace(h.env().table().unwrap(), h.now()).unwrap();
    assert_eq!(h.fakes.store.write(vec![write]).await.unwrap(), Written::Done);
    for deliveries in [1, 2] {
        assert!(h.retry(&message, deliveries).await);
    }
    let events = published(&h);
    assert_eq!(
        (events.len(), events[0].0, &events[0].2["status"]),
        (1, EventType::QuoteGenerated, &json!("GENERATED"))
    );
    assert_eq!(h.quote().status, QuoteStatus::Converted);
}

#[tokio::test(start_paused = true)]
async fn an_expired_quote_has_one_event_even_after_a_crash() {
    let h = harness();
    h.fakes.transport.script([], good());
    h.post(GENERATE, SAMPLE).await;
    h.first_look().await;
    assert_eq!(h.reconcile().await, Some(true));
    assert_eq!(published(&h).len(), 1, "not before its time");
    tokio::time::advance(Duration::from_secs(40 * 3600)).await;
    h.fakes.bus.set_down(true);
    assert_eq!(h.reconcile().await, Some(false));
    assert_eq!(h.quote().status, QuoteStatus::Expired);
    h.fakes.bus.set_down(false);
    for _ in 0..2 {
        assert_eq!(h.reconcile().await, Some(true));
    }
    let kinds: Vec<_> = published(&h).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [EventType::QuoteGenerated, EventType::QuoteExpired]);
    let row = h.quote();
    assert_eq!(
        (row.announced, row.due),
        (Some(QuoteStatus::Expired), DueTime::default())
    );
}

/// A store where other workers write a customer's row first, this many times.
struct Contended {
    store: Arc<dyn Store>,
    rivals: AtomicU32,
}

impl StoreInFront for Contended {
    fn behind(&self) -> &dyn Store {
        self.store.as_ref()
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, model::Result<Written>> {
        let of_customer = writes.iter().any(|write| write.key.pk.starts_with("CUSTOMER#"));
        let left = |left: u32| left.checked_sub(1);
        if of_customer
            && self
                .rivals
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
                .is_ok()
        {
            return Box::pin(async { Ok(Written::Refused(Vec::new())) });
        }
        self.store.write(writes)
    }
}

#[tokio::test(start_paused = true)]
async fn seven_other_workers_delay_a_profile_and_do_not_fail_it() {
    let h = harness().ports(|ports| Ports {
        store: Arc::new(Contended {
            store: ports.store,
            rivals: AtomicU32::new(7),
        }),
        ..ports
    });
    let message = priced_message(&h).await;
    assert!(h.retry(&message, 1).await);
    assert_eq!(john(&h).await["firstName"], "John");
}
