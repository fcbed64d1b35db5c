//! Random funders, crashes and deliveries: the funder never takes a proposal twice, and in the end the hub has the funder's
//! status.

use std::time::Duration;

use model::proposal::ProposalStatus;
use runtime::testing::{Dice, Harness};

use crate::Env;
use crate::testing::FailureMode::{Answer, Reset, RetryAfter, Silent};
use crate::testing::Reaction::{self, Fails, Loses, Unreachable, Well};
use crate::testing::{FundersHarness, proposal_harness};

const RUNS: u64 = 10_000;
const SUBMIT: &str = "funders-proposal-submit";

fn submission(dice: &mut Dice) -> Reaction {
    let failures = [
        Reset,
        Silent,
        Answer(500, ""),
        Answer(502, ""),
        Answer(503, ""),
        Answer(504, ""),
        Answer(200, "{}"),
        Answer(200, "<"),
    ];
    match dice.roll(16) {
        0..=1 => Well("SUBMITTED"),
        2 => Well("ACCEPTED"),
        3 => Well("REFERRED"),
        4..=7 => Loses(failures[dice.roll(failures.len())].clone()),
        8..=10 => Fails(failures[dice.roll(failures.len())].clone()),
        11..=12 => Unreachable,
        13 => Fails(RetryAfter(429, "5")),
        14 => Fails(Answer(401, "")),
        _ => Fails(Answer(422, "{}")),
    }
}

fn question(dice: &mut Dice) -> Reaction {
    match dice.roll(4) {
        0 => Unreachable,
        1 => Fails(Answer(500, "")),
        2 => Fails(Reset),
        _ => Well(""),
    }
}

/// The messages sent since the last call, none of them delivered yet.
fn new_messages(h: &Harness<Env>) -> impl Iterator<Item = (String, u32)> {
    let sent = h.fakes.queue.take().into_iter().filter(|sent| sent.url == "submit");
    sent.map(|sent| (sent.body, 0))
}

/// Whether the funder has it, the hub's status, and whether it was sent again after denials.
async fn run(seed: u64) -> (bool, ProposalStatus, bool) {
    let mut dice = Dice(seed);
    let (h, funder) = proposal_harness();
    let id = h.proposal(["LEX", "ALPHABET"][dice.roll(2)]);
    funder.submissions((0..12).map(|_| submission(&mut dice)).collect::<Vec<_>>());
    funder.questions((0..8).map(|_| question(&mut dice)).collect::<Vec<_>>());
    let mut queue = vec![(format!(r#"{{"id":"{id}"}}"#), 0)];
    for _ in 0..16 {
        let crashing = (dice.roll(3) == 0).then(|| h.crash_after(u32::try_from(dice.roll(40)).unwrap()));
        let worker = crashing.as_ref().unwrap_or(&h);
        match dice.roll(4) {
            0 => drop(worker.reconcile().await),
            1 => tokio::time::advance(Duration::from_secs(30 * u64::try_from(dice.roll(40)).unwrap())).await,
            _ if queue.is_empty() => {}
            _ => {
                let place = dice.roll(queue.len());
                queue[place].1 += 1;
                let (body, count) = queue[place].clone();
                let done = worker.redeliver(SUBMIT, &body, count).await == Some(true);
                // At-least-once delivery: even a message that is done may come back.
                if (done && dice.roll(4) > 0) || count == 5 {
                    queue.swap_remove(place);
                }
            }
        }
        queue.extend(new_messages(&h));
        assert!(funder.all_taken() <= 1, "seed {seed}: taken twice");
    }
    // No more failures or crashes from now on, and the schedule runs.
    funder.submissions([]);
    funder.questions([]);
    for _ in 0..60 {
        let row = h.proposal_row(id);
        if queue.is_empty() && row.status != ProposalStatus::Pending && row.announced == Some(row.status) {
            break;
        }
        for (body, count) in std::mem::take(&mut queue) {
            h.redeliver(SUBMIT, &body, count + 1).await;
        }
        tokio::time::advance(Duration::from_secs(5 * 60)).await;
        h.reconcile().await;
        queue.extend(new_messages(&h));
    }
    let row = h.proposal_row(id);
    let taken = funder.taken(&id.to_string());
    let expected = match taken {
        Some((1, "SUBMITTED")) => ProposalStatus::Submitted,
        Some((1, "REFERRED")) => ProposalStatus::Referred,
        Some((1, "ACCEPTED")) => ProposalStatus::Approved,
        // It was sent again once and the worker crashed again: an operator has to find out.
        None if row.resent && row.status == ProposalStatus::Pending => ProposalStatus::Pending,
        None => ProposalStatus::Failed,
        other => panic!("seed {seed}: {other:?}"),
    };
    assert_eq!(row.status, expected, "seed {seed}");
    let mut events = h.announced();
    events.sort();
    events.dedup();
    let mut kinds: Vec<_> = events.iter().map(|event| event.0).collect();
    kinds.dedup();
    assert_eq!(
        kinds.len(),
        events.len(),
        "seed {seed}: one status, one event: {events:?}"
    );
    (taken.is_some(), row.status, row.resent)
}

#[tokio::test(start_paused = true)]
async fn the_funder_never_takes_a_proposal_twice() {
    let (mut taken, mut failed, mut again) = (0, 0, 0);
    for seed in 0..RUNS {
        let (there, status, resent) = run(seed).await;
        taken += u64::from(there);
        failed += u64::from(status == ProposalStatus::Failed);
        again += u64::from(resent);
    }
    assert!(
        taken > RUNS / 4 && failed > RUNS / 20 && again > RUNS / 20,
        "the runs have to reach every case: {taken} {failed} {again}"
    );
}
