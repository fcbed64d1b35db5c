//! A thousand cases, and a worker crashes for more than one in twenty of them. The verdicts on their documents come early, late
//! or never. An idempotent upstream makes each change once and in order. Another upstream makes none twice. Neither gets a
//! document that is not found clean.

use std::time::Duration;

use futures_util::future::join_all;
use runtime::port::scanner::ScanVerdict::{self, Clean, Infected, Unscanned};
use runtime::testing::Dice;
use runtime::work::row::Row;
use tokio::time::Instant;
use uuid::Uuid;

use super::document;
use super::fake_upstream::Failure::{Answers, Reset, Silent, Throttles};
use super::fake_upstream::Handling::{self, Fails, Loses, Makes, Unreachable};
use super::simulation::{Message, Simulation, again, earliest};
use crate::case::refused::DocumentRefusal;
use crate::case::row::{CaseRow, Sequence};
use crate::forward::HoldReason;

const CASES: u64 = 1_000;
/// The change of a case that has a document.
const DOCUMENT: u64 = 4;
/// Workers at once.
const WORKERS: usize = 5;
/// The steps of a worker for a case with a few changes.
const STEPS: usize = 40;

fn handling(dice: &mut Dice) -> Handling {
    let failures = [
        Reset,
        Silent,
        Answers(500, ""),
        Answers(502, "<html>"),
        Answers(503, ""),
        Answers(200, "<"),
    ];
    match dice.roll(60) {
        0 => Loses(failures[dice.roll(failures.len())].clone()),
        1 => Fails(failures[dice.roll(failures.len() - 1)].clone()),
        2 => Unreachable,
        3 => Fails(Throttles("2")),
        _ => Makes,
    }
}

struct Run {
    simulation: Simulation,
    dice: Dice,
    queue: Vec<Message>,
    sizes: Vec<u64>,
    /// The last verdict on each case's document.
    verdicts: Vec<ScanVerdict>,
    /// Verdicts that come later.
    scans: Vec<(Instant, Sequence, ScanVerdict)>,
    crashed: u32,
}

impl Run {
    fn new(idempotent: bool, seed: u64) -> Self {
        let (simulation, mut dice) = (Simulation::new(idempotent), Dice(seed));
        let sizes: Vec<u64> = (0..CASES).map(|_| u64::try_from(dice.roll(6)).unwrap() + 1).collect();
        let script: Vec<_> = (0..sizes.iter().sum()).map(|_: u64| handling(&mut dice)).collect();
        simulation.upstream.script(script);
        Self {
            simulation,
            dice,
            queue: Vec::new(),
            sizes,
            verdicts: Vec::new(),
            scans: Vec::new(),
            crashed: 0,
        }
    }

    /// Stores each change and enqueues its message.
    fn submit(&mut self) {
        for (case, size) in (1..).zip(self.sizes.clone()) {
            let sequence = self.simulation.case(case, size);
            self.scan(sequence);
            for _ in 0..size {
                self.enqueue(case);
            }
        }
    }

    /// Decides when the scanner has its verdict on the case's document, and which. Some verdicts never come.
    fn scan(&mut self, case: Sequence) {
        let last = match self.dice.roll(24) {
            0 => Unscanned,
            1..=6 => Infected,
            _ => Clean,
        };
        self.verdicts.push(last);
        if self.dice.roll(4) > 0 {
            return self.simulation.scan(case, DOCUMENT, last);
        }
        self.simulation.scan(case, DOCUMENT, Unscanned);
        let seconds = u64::try_from(self.dice.roll(20 * 60)).unwrap();
        let due = Instant::now() + Duration::from_secs(seconds);
        self.scans.push((due, case, last));
    }

    fn enqueue(&mut self, case: u64) {
        let spread = Duration::from_millis(u64::try_from(self.dice.roll(600_000)).unwrap());
        self.queue.push(Message {
            due: Instant::now() + spread,
            body: format!(r#"{{"sequence":{case}}}"#),
            deliveries: 0,
        });
    }

    async fn work(&mut self) {
        while let Some(place) = earliest(&self.queue) {
            tokio::time::sleep_until(self.queue[place].due).await;
            self.scans.retain(|(due, case, verdict)| {
                let later = *due > Instant::now();
                if !later {
                    self.simulation.scan(*case, DOCUMENT, *verdict);
                }
                later
            });
            let mut batch = Vec::new();
            while let Some(place) = earliest(&self.queue)
                && self.queue[place].due <= Instant::now()
                && batch.len() < WORKERS
            {
                let worker = (self.dice.roll(12) == 0).then(|| u32::try_from(self.dice.roll(STEPS)).unwrap());
                batch.push((
                    self.queue.swap_remove(place),
                    worker.map(|steps| self.simulation.crash_after(steps)),
                ));
            }
            let each = batch.iter().map(|(message, crashing)| {
                let worker = crashing.as_ref().unwrap_or(&self.simulation);
                worker.deliver(&message.body, message.deliveries + 1)
            });
            let done = join_all(each).await;
            for ((message, _), done) in batch.into_iter().zip(done) {
                self.crashed += u32::from(done.is_none());
                // SQS delivers at least once, so a message that is done may come back.
                let done = done.filter(|_| self.dice.roll(20) > 0);
                self.queue.extend(again(message, done));
            }
            self.queue.extend(self.simulation.sent());
        }
    }
}

type Refused = Vec<(Uuid, DocumentRefusal)>;

impl Run {
    /// What upstream makes of a case if no outcome is unknown, the last change that is settled, why the next one is held, and
    /// what the case shows.
    fn wanted(&self, case: u64, size: u64) -> (Vec<u64>, u64, Option<HoldReason>, Refused) {
        let place = usize::try_from(case - 1).unwrap();
        let all = 1..=size;
        match self.verdicts[place] {
            Infected if size >= DOCUMENT => {
                let shown = vec![(document::id(case, DOCUMENT), DocumentRefusal::Infected)];
                (all.filter(|n| *n != DOCUMENT).collect(), size, None, shown)
            }
            Unscanned if size >= DOCUMENT => {
                let made = (1..DOCUMENT).collect();
                (made, DOCUMENT - 1, Some(HoldReason::Unscanned), vec![])
            }
            _ => (all.collect(), size, None, vec![]),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_upstream_has_every_change_once_and_in_order() {
    let mut run = Run::new(true, 1);
    run.submit();
    run.work().await;
    // Some cases are changed once more.
    for case in (1..=CASES).step_by(7) {
        let mut row = CaseRow::load(run.simulation.hub.env().table().unwrap(), &Sequence(case))
            .await
            .unwrap()
            .unwrap();
        let place = usize::try_from(case - 1).unwrap();
        run.sizes[place] += 1;
        run.simulation.change(&mut row, run.sizes[place]);
        run.enqueue(case);
    }
    run.work().await;
    assert!(run.simulation.upstream.uncleared().is_empty());
    for (case, size) in (1..).zip(&run.sizes) {
        let (wanted, last, held, shown) = run.wanted(case, *size);
        assert_eq!(run.simulation.upstream.made(case), wanted, "case {case}");
        run.simulation.check_events(Sequence(case));
        let row = run.simulation.row(Sequence(case));
        assert_eq!(
            (row.forwarded_through, row.held.map(|held| held.why)),
            (last, held),
            "case {case}"
        );
        assert_eq!(run.simulation.refused(Sequence(case)), shown, "case {case}");
    }
    assert!(run.crashed > 50, "{} crashed", run.crashed);
}

#[tokio::test(start_paused = true)]
async fn another_upstream_makes_no_change_twice_and_some_are_held() {
    let mut run = Run::new(false, 2);
    run.submit();
    run.work().await;
    assert!(run.simulation.upstream.uncleared().is_empty());
    let mut unknown = 0;
    for (case, size) in (1..).zip(&run.sizes) {
        let (made, row) = (run.simulation.upstream.made(case), run.simulation.row(Sequence(case)));
        run.simulation.check_events(Sequence(case));
        let (wanted, _, held, shown) = run.wanted(case, *size);
        assert!(wanted.starts_with(&made), "case {case}: {made:?}");
        match row.held {
            Some(change) if change.why == HoldReason::Unknown => {
                unknown += 1;
                // The last change that was made, or the one after it that is not refused.
                let next = wanted.get(made.len()).copied();
                assert!(
                    [made.last().copied(), next].contains(&Some(change.n)),
                    "case {case}: {change:?}"
                );
            }
            change => {
                assert_eq!(change.map(|change| change.why), held, "case {case}");
                assert_eq!(made, wanted, "case {case}");
                assert_eq!(run.simulation.refused(Sequence(case)), shown, "case {case}");
            }
        }
    }
    assert!(
        run.crashed > 50 && unknown > 50 && unknown < 500,
        "{} crashed, {unknown} are held",
        run.crashed
    );
}
