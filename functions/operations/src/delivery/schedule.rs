//! The delays between the attempts at a delivery.

use std::time::Duration;

/// Seconds before the second attempt, the third and so on, as Standard Webhooks suggests: ten attempts in three days.
const PAUSES: [u64; 9] = [
    5,
    5 * 60,
    30 * 60,
    2 * 60 * 60,
    5 * 60 * 60,
    10 * 60 * 60,
    14 * 60 * 60,
    20 * 60 * 60,
    24 * 60 * 60,
];
/// The longest delay of an SQS message. A message that is delivered before its attempt is due is sent again.
pub const MAX_DELAY: Duration = Duration::from_secs(15 * 60);

/// The delay after this many failed attempts. None after the last.
pub fn pause(failed: u32) -> Option<Duration> {
    let place = usize::try_from(failed.checked_sub(1)?).ok()?;
    PAUSES.get(place).copied().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_in_three_days() {
        let pauses: Vec<_> = (1..=10).map(pause).collect();
        assert_eq!(pauses[0], Some(Duration::from_secs(5)));
        assert_eq!(pauses[9], None);
        assert_eq!(pause(0), None);
        let all: Duration = pauses.into_iter().flatten().sum();
        assert_eq!(all.as_secs() / 3600, 75);
    }
}
