//! The failure table again, against funders that do anything in any order.

use model::quote::QuoteStatus::{Failed, Generated, Pending};
use runtime::testing::{Dice, Script};

use super::case::outcome;
use super::table::{status, wait};
use crate::testing::good;

/// One answer of a funder, and its class in the table.
fn any(dice: &mut Dice) -> (Script, char) {
    match dice.roll(9) {
        0 => (Script::Unreachable, 'p'),
        1 => (Script::Reset, 'p'),
        2 => (status(502), 'p'),
        3 => (status(429), 'p'),
        4 => (status(401), 'a'),
        5 => (Script::answer(200, "{"), 'u'),
        6 => (status(422), 'r'),
        7 => (wait(429, "30"), 'w'),
        _ => (good(), 's'),
    }
}

/// An independent reading of the table: the caller's status and the number of calls.
fn table(steps: usize, script: &[char]) -> (i64, usize) {
    let (mut calls, mut seconds) = (0, 0);
    let mut answers = script.iter().chain(std::iter::repeat(&'s'));
    for _ in 0..steps {
        let (mut retries, mut renewed, mut reread) = (0, false, false);
        loop {
            calls += 1;
            let delay = (1 << retries).min(10);
            let fits = seconds + delay + 3 <= 25;
            match answers.next() {
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
        let mut dice = Dice(seed);
        let (script, letters): (Vec<_>, Vec<_>) = (0..8).map(|_| any(&mut dice)).unzip();
        let (seen, _) = outcome(funder, &[], script, good()).await;
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
