//! How long queues wait before they try again.

use std::time::Duration;

/// Seconds before the attempt of that number; later attempts wait as long as the last.
const DELAYS: [u64; 5] = [30, 60, 120, 240, 300];

/// Before attempt `attempt`, counted from 1.
pub fn delay(attempt: u32) -> Duration {
    let place = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    Duration::from_secs(DELAYS.get(place).or(DELAYS.last()).copied().unwrap_or_default())
}
