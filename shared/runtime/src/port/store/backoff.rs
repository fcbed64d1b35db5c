//! Pauses before the same request is sent again.

use std::time::Duration;

use model::{Error, Kind, Result};

use crate::port::crypto;

/// Pauses that double, for a number of attempts.
pub struct Backoff {
    pause: Duration,
    attempts: u32,
}

/// The first pause of a writer after another writer was first, and how often it attempts its write.
const REFUSED: (Duration, u32) = (Duration::from_millis(20), 8);

impl Backoff {
    /// For a writer whose write was refused because the row has changed: it reads the row again after each pause.
    pub fn of_writer() -> Self {
        Self::new(REFUSED.0, REFUSED.1)
    }

    /// At most this many attempts, with a pause of about `first` after the first one.
    pub fn new(first: Duration, attempts: u32) -> Self {
        Self { pause: first, attempts }
    }

    /// Waits before the next attempt. False if that was the last one.
    pub async fn wait(&mut self) -> bool {
        self.attempts = self.attempts.saturating_sub(1);
        if self.attempts == 0 {
            return false;
        }
        tokio::time::sleep(spread(self.pause)).await;
        self.pause *= 2;
        true
    }

    /// Waits like `wait`. After the last attempt the error says that the row is busy.
    pub async fn wait_or(&mut self, busy: &'static str) -> Result<()> {
        if self.wait().await {
            return Ok(());
        }
        Err(Error::new(Kind::Unavailable, busy))
    }
}

/// Between half of the pause and all of it, so that requests that met do not meet again.
fn spread(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + 0.5 * crypto::fraction())
}
