//! Queues: where messages are sent.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::MessageAttributeValue;
use futures_util::future::BoxFuture;
use model::{Error, Kind, Result};

/// Sends messages. In a dead-letter queue, `reason` is why the message is there.
pub trait Sender: Send + Sync {
    fn send<'a>(
        &'a self,
        url: &'a str,
        body: String,
        delay: Duration,
        reason: Option<&'a str>,
    ) -> BoxFuture<'a, Result<()>>;
}

/// One queue.
#[derive(Clone)]
pub struct Queue {
    pub sender: Arc<dyn Sender>,
    pub url: String,
}

impl Queue {
    /// Sends a message that is delivered after `delay`, of which SQS allows whole seconds up to 15 minutes.
    pub async fn send<T: serde::Serialize>(&self, message: &T, delay: Duration) -> Result<()> {
        let body =
            serde_json::to_string(message).map_err(|error| Error::new(Kind::Internal, "a message").because(error))?;
        self.sender.send(&self.url, body, delay, None).await
    }
}

pub struct Sqs(LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>);

impl Sqs {
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(client)))
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
            let attributes = reason.and_then(|reason| {
                let value = MessageAttributeValue::builder()
                    .data_type("String")
                    .string_value(reason)
                    .build()
                    .ok()?;
                Some(HashMap::from([("reason".to_owned(), value)]))
            });
            let message = self
                .0
                .send_message()
                .queue_url(url)
                .message_body(body)
                .set_message_attributes(attributes);
            let delay = i32::try_from(delay.as_secs().min(900)).unwrap_or(900);
            message.delay_seconds(delay).send().await.map_err(|error| {
                let cause = DisplayErrorContext(error).to_string();
                Error::new(Kind::Unavailable, "a message could not be sent").because(cause)
            })?;
            Ok(())
        })
    }
}
