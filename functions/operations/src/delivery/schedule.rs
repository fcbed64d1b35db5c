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

/// A receiver may ask for a longer delay than the schedule's, up to this one.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The delay after this many failed attempts, the last of which asked to wait for `retry_after`. None after the last.
pub fn pause(failed: u32, retry_after: Option<Duration>) -> Option<Duration> {
    let place = usize::try_from(failed.checked_sub(1)?).ok()?;
    let pause = PAUSES.get(place).copied().map(Duration::from_secs)?;
    Some(pause.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_in_three_days() {
        let pauses: Vec<_> = (1..=10).map(|failed| pause(failed, None)).collect();
        assert_eq!(pauses[0], Some(Duration::from_secs(5)));
        assert_eq!(pauses[9], None);
        assert_eq!(pause(0, None), None);
        let all: Duration = pauses.into_iter().flatten().sum();
        assert_eq!(all.as_secs() / 3600, 75);
    }

    #[test]
    fn a_receiver_moves_the_next_attempt_up_to_a_day_away_and_adds_none() {
        let seconds = |failed, asked| pause(failed, Some(Duration::from_secs(asked))).map(|pause| pause.as_secs());
        assert_eq!(
            [0, 4, 60, 86_400, 86_401, u64::MAX].map(|asked| seconds(1, asked)),
            [Some(5), Some(5), Some(60), Some(86_400), Some(86_400), Some(86_400)]
        );
        assert_eq!((seconds(9, 60), seconds(10, 60)), (Some(86_400), None));
    }
}
