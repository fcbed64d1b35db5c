//! The failure table again, against funders that do anything in any order.

use model::quote::QuoteStatus::{Failed, Generated, Pending};
use runtime::testing::Play;

use super::case::outcome;
use super::house::{Random, good};
use super::table::{status, wait};

/// One thing a funder does, as the table classes it.
fn any(random: &mut Random) -> (Play, char) {
    match random.below(9) {
        0 => (Play::Unreachable, 'p'),
        1 => (Play::Reset, 'p'),
        2 => (status(502), 'p'),
        3 => (status(429), 'p'),
        4 => (status(401), 'a'),
        5 => (Play::answer(200, "{"), 'u'),
        6 => (status(422), 'r'),
        7 => (wait(429, "30"), 'w'),
        _ => (good(), 's'),
    }
}

/// The table, read once more and independently: the caller's status and the number of calls.
fn table(steps: usize, script: &[char]) -> (i64, usize) {
    let (mut calls, mut seconds) = (0, 0);
    let mut plays = script.iter().chain(std::iter::repeat(&'s'));
    for _ in 0..steps {
        let (mut retries, mut renewed, mut reread) = (0, false, false);
        loop {
            calls += 1;
            let delay = (1 << retries).min(10);
            let fits = seconds + delay + 3 <= 25;
            match plays.next() {
                None | Some('s') => break,
                Some('r') => return (422, calls),
                Some('w') => return (202, calls),
                Some('a') if renewed => return (502, calls),
                Some('a') => renewed = true,
                Some('u') if reread || !fits => return (502, calls),
                Some('u') => {
                    reread = true;
                    retries += 1;
                    seconds += delay;
                }
                Some(_) if retries >= 3 || !fits => return (202, calls),
                Some(_) => {
                    retries += 1;
                    seconds += delay;
                }
            }
        }
    }
    (201, calls)
}

#[tokio::test(start_paused = true)]
async fn five_thousand_random_funders_keep_to_the_table() {
    random_funders("LEX", 1, 1..=5_000).await;
}

#[tokio::test(start_paused = true)]
async fn and_so_do_five_thousand_of_three_steps() {
    random_funders("ALPHABET", 3, 5_001..=10_000).await;
}

async fn random_funders(funder: &str, steps: usize, seeds: std::ops::RangeInclusive<u64>) {
    for seed in seeds {
        let mut random = Random::new(seed);
        let (plays, letters): (Vec<_>, Vec<_>) = (0..8).map(|_| any(&mut random)).unzip();
        let (seen, _) = outcome(funder, &[], plays, good()).await;
        let (status, calls) = table(steps, &letters);
        assert_eq!(
            (seen.status, seen.calls.len()),
            (status, calls),
            "seed {seed}: {letters:?}"
        );
        let quote = match status {
            201 => Generated,
            202 => Pending,
            _ => Failed,
        };
        assert_eq!(seen.quote, quote, "seed {seed}: {letters:?}");
    }
}
