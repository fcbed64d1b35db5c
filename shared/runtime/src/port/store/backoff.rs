//! Pauses before the same request is sent again.

use std::time::Duration;

use crate::port::crypto;

/// Pauses that double, for a number of attempts.
pub struct Backoff {
    pause: Duration,
    attempts: u32,
}

impl Backoff {
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
}

/// Between half of the pause and all of it, so that requests that met do not meet again.
fn spread(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + 0.5 * crypto::fraction())
}
