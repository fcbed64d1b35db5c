//! From the bus to the receiver: what is sent, how often, and what is remembered of it.

mod life;
mod seen;

use runtime::signature;
use serde_json::{Value, json};

use crate::delivery::row::DeliveryRow;
use crate::house::{Ask, House};

const URL: &str = "https://hooks.example.com/in";

fn list(query: &str) -> Ask {
    Ask::sample(include_str!("../../../../events/operations-delivery-list.json"))
        .query(query)
        .roles(Some(&["staff"]))
}

fn replay(id: &str) -> Ask {
    Ask::sample(include_str!("../../../../events/operations-delivery-replay.json"))
        .path("deliveryId", id)
        .roles(Some(&["staff"]))
}

impl House {
    fn delivery_rows(&self) -> Vec<DeliveryRow> {
        let rows = self.world.store.table("deliveries").into_iter();
        rows.filter(|row| row["pk"].as_s().unwrap().starts_with("DAY#"))
            .map(|row| runtime::store::typed(row).unwrap())
            .collect()
    }

    fn delivery(&self) -> Value {
        let rows = self.delivery_rows();
        assert_eq!(rows.len(), 1);
        serde_json::to_value(rows[0].view()).unwrap()
    }

    /// What is remembered of attempts: number, status code, error.
    fn attempts(&self) -> Vec<(String, Option<String>, Option<String>)> {
        let rows = self.world.store.table("deliveries").into_iter();
        rows.filter(|row| row["pk"].as_s().unwrap().starts_with("DELIVERY#"))
            .map(|row| {
                let number = |name: &str| row.get(name).map(|value| value.as_n().unwrap().clone());
                let error = row.get("error").map(|value| value.as_s().unwrap().clone());
                (number("attempt").unwrap(), number("statusCode"), error)
            })
            .collect()
    }

    /// One subscription and one event that it waits for; the id, the secret and the message.
    async fn begun(&self) -> (String, String, String) {
        let (id, secret) = self.subscribe(URL, &["quote.generated"]).await;
        assert!(self.deliver(&self.event(1), 1).await);
        let message = self.world.outbox.take().remove(0);
        assert_eq!((message.url.as_str(), message.delay.as_secs()), ("queue", 0));
        (id, secret, message.body)
    }

    /// Lets queue and time run until nothing is left to do; the seconds at which the receiver was called.
    async fn run(&self, mut message: String) -> Vec<u64> {
        let born = tokio::time::Instant::now();
        let before = self.world.stage.seen().len();
        loop {
            assert!(self.deliver(&message, 1).await, "{message}");
            let Some(next) = self.world.outbox.take().pop() else {
                break;
            };
            assert!(next.delay.as_secs() <= 900, "SQS holds no message longer");
            assert_ne!(next.delay.as_secs(), 0, "no message goes in circles");
            tokio::time::advance(next.delay).await;
            message = next.body;
        }
        let seen = self.world.stage.seen().into_iter().skip(before);
        seen.map(|(at, _)| at.duration_since(born).as_secs()).collect()
    }
}
