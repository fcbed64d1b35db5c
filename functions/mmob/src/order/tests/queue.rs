//! The queue of orders as SQS has it: messages come at their time, are out of sight while somebody has them, come back, and
//! are given up on.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Error, Kind, Result};
use runtime::queue::Sender;
use tokio::sync::Notify;
use tokio::time::Instant;

const VISIBILITY: Duration = Duration::from_secs(12);
const RECEIVES: u32 = 6;

#[derive(Clone)]
pub struct Message {
    pub body: String,
    pub visible: Instant,
    pub received: u32,
}

#[derive(Default)]
pub struct Sqs {
    messages: Mutex<Vec<Message>>,
    dead: Mutex<Vec<(String, String)>>,
    refused: Mutex<u32>,
    pub news: Notify,
}

impl Sqs {
    pub fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }

    /// What was given up on, with the reason.
    pub fn dead(&self) -> Vec<(String, String)> {
        self.dead.lock().unwrap().clone()
    }

    /// So many of the next messages cannot be sent.
    pub fn refuse(&self, messages: u32) {
        *self.refused.lock().unwrap() = messages;
    }

    pub fn next(&self) -> Option<Instant> {
        let messages = self.messages.lock().unwrap();
        messages.iter().map(|message| message.visible).min()
    }

    /// Hands out a message whose time has come. It is out of sight from now on, and gone with its last receive.
    pub fn receive(&self) -> Option<Message> {
        let now = Instant::now();
        let mut messages = self.messages.lock().unwrap();
        loop {
            let place = messages.iter().position(|message| message.visible <= now)?;
            if messages[place].received >= RECEIVES {
                let dead = messages.swap_remove(place);
                self.dead.lock().unwrap().push((dead.body, "received too often".into()));
                continue;
            }
            let message = &mut messages[place];
            message.received += 1;
            message.visible = now + VISIBILITY;
            return Some(message.clone());
        }
    }

    /// Takes a message away that was received.
    pub fn delete(&self, message: &Message) {
        let mut messages = self.messages.lock().unwrap();
        let same = |other: &Message| other.body == message.body && other.visible == message.visible;
        if let Some(place) = messages.iter().position(same) {
            messages.swap_remove(place);
        }
    }
}

impl Sender for Sqs {
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
            self.news.notify_one();
            Ok(())
        })
    }
}
