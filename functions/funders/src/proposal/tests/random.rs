//! Chance against the books: whatever a funder does, whoever dies and however often messages come, the funder never takes a
//! proposal twice, and in the end we say what it says.

use std::time::Duration;

use model::proposal::ProposalStatus;
use runtime::testing::Dice;

use super::bank::Does::{self, Fails, Loses, Unreachable, Well};
use super::bank::How::{Reset, Says, Silent, Waits};
use super::house::House;
use crate::proposal::submit::submit;

const RUNS: u64 = 10_000;

fn submission(dice: &mut Dice) -> Does {
    let how = [
        Reset,
        Silent,
        Says(500, ""),
        Says(502, ""),
        Says(503, ""),
        Says(504, ""),
        Says(200, "{}"),
        Says(200, "<"),
    ];
    match dice.roll(16) {
        0..=1 => Well("SUBMITTED"),
        2 => Well("ACCEPTED"),
        3 => Well("REFERRED"),
        4..=7 => Loses(how[dice.roll(how.len())].clone()),
        8..=10 => Fails(how[dice.roll(how.len())].clone()),
        11..=12 => Unreachable,
        13 => Fails(Waits(429, "5")),
        14 => Fails(Says(401, "")),
        _ => Fails(Says(422, "{}")),
    }
}

fn question(dice: &mut Dice) -> Does {
    match dice.roll(4) {
        0 => Unreachable,
        1 => Fails(Says(500, "")),
        2 => Fails(Reset),
        _ => Well(""),
    }
}

/// Whether the funder has it, what we say of it, and whether it was sent again after denials.
async fn run(seed: u64) -> (bool, ProposalStatus, bool) {
    let mut dice = Dice(seed);
    let house = House::new();
    let id = house.proposal(["LEX", "ALPHABET"][dice.roll(2)]);
    house
        .bank
        .submissions((0..12).map(|_| submission(&mut dice)).collect::<Vec<_>>());
    house
        .bank
        .questions((0..8).map(|_| question(&mut dice)).collect::<Vec<_>>());
    let mut queue = vec![(format!(r#"{{"id":"{id}"}}"#), 0)];
    for _ in 0..16 {
        let dying = (dice.roll(3) == 0).then(|| house.dying(u32::try_from(dice.roll(40)).unwrap()));
        let worker = dying.as_ref().unwrap_or(&house);
        match dice.roll(4) {
            0 => drop(worker.reconcile().await),
            1 => tokio::time::advance(Duration::from_secs(30 * u64::try_from(dice.roll(40)).unwrap())).await,
            _ if queue.is_empty() => {}
            _ => {
                let place = dice.roll(queue.len());
                queue[place].1 += 1;
                let (body, count) = queue[place].clone();
                let done = worker.deliver(submit, &body, count).await == Some(true);
                // At least once means that it may come back all the same.
                if (done && dice.roll(4) > 0) || count == 5 {
                    queue.swap_remove(place);
                }
            }
        }
        queue.extend(
            house
                .world
                .outbox
                .take()
                .into_iter()
                .filter(|sent| sent.url == "submit")
                .map(|sent| (sent.body, 0)),
        );
        assert!(house.bank.all_taken() <= 1, "seed {seed}: taken twice");
    }
    // Everybody is well from now on, and the schedule runs.
    house.bank.submissions([]);
    house.bank.questions([]);
    for _ in 0..60 {
        let row = house.row(id);
        if queue.is_empty() && row.status != ProposalStatus::Pending && row.announced == Some(row.status) {
            break;
        }
        for (body, count) in std::mem::take(&mut queue) {
            house.deliver(submit, &body, count + 1).await;
        }
        tokio::time::advance(Duration::from_secs(5 * 60)).await;
        house.reconcile().await;
        queue.extend(
            house
                .world
                .outbox
                .take()
                .into_iter()
                .filter(|sent| sent.url == "submit")
                .map(|sent| (sent.body, 0)),
        );
    }
    let row = house.row(id);
    let taken = house.bank.taken(&id.to_string());
    let expected = match taken {
        Some((1, "SUBMITTED")) => ProposalStatus::Submitted,
        Some((1, "REFERRED")) => ProposalStatus::Referred,
        Some((1, "ACCEPTED")) => ProposalStatus::Approved,
        // It was sent again once already and died again: an operator's.
        None if row.resent && row.status == ProposalStatus::Pending => ProposalStatus::Pending,
        None => ProposalStatus::Failed,
        other => panic!("seed {seed}: {other:?}"),
    };
    assert_eq!(row.status, expected, "seed {seed}");
    let mut said = house.said();
    said.sort();
    said.dedup();
    let mut kinds: Vec<_> = said.iter().map(|said| said.0).collect();
    kinds.dedup();
    assert_eq!(kinds.len(), said.len(), "seed {seed}: one status, one event: {said:?}");
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
        "chance has to get everywhere: {taken} {failed} {again}"
    );
}
