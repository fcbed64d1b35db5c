//! Random funders, scanners, crashes and deliveries: the funder never takes a proposal twice, it gets no document that is not
//! clean, and in the end the hub has the funder's status.

use std::time::Duration;

use model::proposal::ProposalStatus;
use runtime::port::scanner::ScanVerdict::{self, Clean, Infected, Unscanned};
use runtime::testing::{Dice, Harness, Sent};

use crate::Env;
use crate::testing::FailureMode::{Answer, Reset, RetryAfter, Silent};
use crate::testing::Reaction::{self, Fails, Loses, Unreachable, Well};
use crate::testing::{FundersHarness, proposal_harness};

const RUNS: u64 = 10_000;
const SUBMIT: &str = "funders-proposal-submit";
const HELD: &str = "documents not scanned for 15 minutes";

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

/// The verdict on a document at first, and in the end.
fn verdicts(dice: &mut Dice) -> [ScanVerdict; 2] {
    match dice.roll(8) {
        0..=3 => [Clean, Clean],
        4..=5 => [Unscanned, Clean],
        6 => [Unscanned, Infected],
        _ => [Infected, Infected],
    }
}

/// The messages sent since the last call, none of them delivered yet. An operator puts those of held proposals back.
fn new_messages(h: &Harness<Env>) -> impl Iterator<Item = (String, u32)> {
    let is_back = |sent: &Sent| sent.url == "submit" || sent.reason.as_deref() == Some(HELD);
    let sent = h.fakes.queue.take().into_iter().filter(is_back);
    sent.map(|sent| (sent.body, 0))
}

/// What came of a run.
struct Run {
    is_taken: bool,
    status: ProposalStatus,
    /// It was sent again after denials.
    resent: bool,
    verdict: ScanVerdict,
    /// It was in the dead-letter queue because of its document.
    was_held: bool,
}

async fn run(seed: u64) -> Run {
    let mut dice = Dice(seed);
    let (h, funder) = proposal_harness();
    let name = ["LEX", "ALPHABET"][dice.roll(2)];
    let (mut verdict, mut was_held) = (Clean, false);
    let [at_first, in_the_end] = verdicts(&mut dice);
    let id = match dice.roll(2) {
        0 => h.proposal(name),
        _ => {
            verdict = at_first;
            h.documented_proposal(name, &["drivingLicense"]).await
        }
    };
    let is_scanned_late = verdict == Unscanned;
    h.fakes.scanner.set_all(verdict);
    funder.submissions((0..12).map(|_| submission(&mut dice)).collect::<Vec<_>>());
    funder.questions((0..8).map(|_| question(&mut dice)).collect::<Vec<_>>());
    let mut queue = vec![(format!(r#"{{"id":"{id}"}}"#), 0)];
    for _ in 0..16 {
        let crashing = (dice.roll(3) == 0).then(|| h.crash_after(u32::try_from(dice.roll(40)).unwrap()));
        let worker = crashing.as_ref().unwrap_or(&h);
        if is_scanned_late && dice.roll(6) == 0 {
            verdict = in_the_end;
            h.fakes.scanner.set_all(verdict);
        }
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
        was_held |= h.sent("dead").iter().any(|sent| sent.reason.as_deref() == Some(HELD));
        queue.extend(new_messages(&h));
        assert!(funder.all_taken() <= 1, "seed {seed}: taken twice");
        assert!(
            verdict == Clean || funder.posts().is_empty(),
            "seed {seed}: {verdict:?}"
        );
    }
    // No more failures or crashes from now on, and the schedule runs.
    if is_scanned_late {
        verdict = in_the_end;
        h.fakes.scanner.set_all(verdict);
    }
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
    assert!(
        verdict == Clean || funder.posts().is_empty(),
        "seed {seed}: {verdict:?}"
    );
    let code = row.failure.map(|failure| failure.code);
    assert_eq!(
        code.as_deref() == Some("document-refused"),
        verdict == Infected,
        "seed {seed}"
    );
    Run {
        is_taken: taken.is_some(),
        status: row.status,
        resent: row.resent,
        verdict,
        was_held,
    }
}

#[tokio::test(start_paused = true)]
async fn the_funder_never_takes_a_proposal_twice() {
    let (mut taken, mut failed, mut again, mut infected, mut held) = (0, 0, 0, 0, 0);
    for seed in 0..RUNS {
        let run = run(seed).await;
        taken += u64::from(run.is_taken);
        failed += u64::from(run.status == ProposalStatus::Failed && run.verdict != Infected);
        again += u64::from(run.resent);
        infected += u64::from(run.verdict == Infected);
        held += u64::from(run.was_held);
    }
    let reached = taken > RUNS / 4 && failed > RUNS / 20 && again > RUNS / 20;
    assert!(
        reached && infected > RUNS / 20 && held > RUNS / 50,
        "the runs have to reach every case: {taken} {failed} {again} {infected} {held}"
    );
}
