//! The queue of orders with the behaviour of SQS: delays, visibility timeouts, repeated deliveries and dead letters.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Error, Kind, Result};
use runtime::port::queue::Sender;
use tokio::sync::Notify;
use tokio::time::Instant;

const VISIBILITY: Duration = Duration::from_secs(12);
const MAX_RECEIVES: u32 = 6;

#[derive(Clone)]
pub struct Message {
    pub body: String,
    pub visible: Instant,
    pub received: u32,
}

#[derive(Default)]
pub struct FakeSqs {
    messages: Mutex<Vec<Message>>,
    dead: Mutex<Vec<(String, String)>>,
    refused: Mutex<u32>,
    pub arrived: Notify,
}

impl FakeSqs {
    pub fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }

    /// The dead letters, with their reasons.
    pub fn dead(&self) -> Vec<(String, String)> {
        self.dead.lock().unwrap().clone()
    }

    /// Refuses this many of the next messages.
    pub fn refuse(&self, messages: u32) {
        *self.refused.lock().unwrap() = messages;
    }

    /// When the next message becomes visible.
    pub fn next(&self) -> Option<Instant> {
        let messages = self.messages.lock().unwrap();
        messages.iter().map(|message| message.visible).min()
    }

    /// Receives a visible message and hides it for the visibility timeout. A message that was received too often becomes a
    /// dead letter instead.
    pub fn receive(&self) -> Option<Message> {
        let now = Instant::now();
        let mut messages = self.messages.lock().unwrap();
        loop {
            let place = messages.iter().position(|message| message.visible <= now)?;
            if messages[place].received >= MAX_RECEIVES {
                let dead = messages.remove(place);
                self.dead.lock().unwrap().push((dead.body, "received too often".into()));
                continue;
            }
            let message = &mut messages[place];
            message.received += 1;
            message.visible = now + VISIBILITY;
            return Some(message.clone());
        }
    }

    /// Deletes a received message, unless its visibility timeout has passed and another worker has it.
    pub fn delete(&self, message: &Message) {
        let mut messages = self.messages.lock().unwrap();
        let same = |other: &Message| other.body == message.body && other.visible == message.visible;
        if let Some(place) = messages.iter().position(same) {
            messages.remove(place);
        }
    }
}

impl Sender for FakeSqs {
    fn send<'a>(
        &'a self,
        url: &'a str,
        body: String,
        delay: Duration,
        reason: Option<&'a str>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut refused = self.refused.lock().unwrap();
            if *refused > 0 {
                *refused -= 1;
                return Err(Error::new(Kind::Unavailable, "the queue is down"));
            }
            if url == "dead" {
                let reason = reason.unwrap_or_default().to_owned();
                self.dead.lock().unwrap().push((body, reason));
                return Ok(());
            }
            let visible = Instant::now() + delay;
            self.messages.lock().unwrap().push(Message {
                body,
                visible,
                received: 0,
            });
            self.arrived.notify_one();
            Ok(())
        })
    }
}
