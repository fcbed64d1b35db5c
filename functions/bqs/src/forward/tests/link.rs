//! Upstream's number of a case: what happens if it cannot be linked, or the messages that arrived under it cannot be relinked.

use std::sync::Arc;
use std::time::Duration;

use runtime::port::Ports;
use runtime::testing::Harness;
use runtime::work::row::Row;
use serde_json::json;

use super::failing_store::FailingStore;
use super::fake_upstream::Failure::Reset;
use super::fake_upstream::FakeUpstream;
use super::fake_upstream::Handling::Loses;
use super::simulation::Simulation;
use crate::Env;
use crate::case::row::Sequence;
use crate::channel::Role;
use crate::forward::HoldReason;
use crate::forward::{Linked, UpstreamRow};
use crate::testing::channel;

const MESSAGES: &str = "/v1/bqs-case/message/case";
/// Upstream's number of case 7.
const NUMBER: u64 = 700_007;
const HOUR: Duration = Duration::from_secs(60 * 60);
const TEXTS: [&str; 2] = ["a", "b"];

/// An upstream that sent messages about case 7 under its own number, and a dealer who reads.
struct Scene {
    simulation: Simulation,
    reader: Harness<Env>,
    case: Sequence,
}

impl Scene {
    async fn new(idempotent: bool) -> Self {
        let simulation = Simulation::with(idempotent, &[("BQS_UPSTREAM_CHANNEL", "upstream")]);
        let sender = channel(&simulation.hub, "upstream", &[Role::MessageWrite], &[]).await;
        let reader = channel(&simulation.hub, "reader", &[Role::MessageRead], &[808]).await;
        let (sender, reader) = (simulation.hub.as_channel(&sender), simulation.hub.as_channel(&reader));
        for text in TEXTS {
            let message = json!({"case": {"preViewCaseId": NUMBER, "dealerNumber": 808, "userId": text}});
            assert_eq!(sender.post(MESSAGES, message).await.status, 202);
        }
        let case = simulation.case(7, 3);
        Self {
            simulation,
            reader,
            case,
        }
    }

    /// The messages that the dealer reads under a number.
    async fn read(&self, number: u64) -> Vec<String> {
        let got = self.reader.get(&format!("{MESSAGES}?pre_view_case_id={number}")).await;
        let list = got.json();
        let texts = list["messages"].as_array().unwrap().iter();
        texts
            .map(|message| message["userId"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Whether the dealer can read every message, under one number or the other.
    async fn all_are_readable(&self) -> bool {
        let (case, number) = (self.read(7).await, self.read(NUMBER).await);
        let found = |text: &&str| case.iter().chain(&number).any(|one| one == text);
        TEXTS.iter().all(found)
    }

    /// New instances that cannot write to this partition.
    fn failing(&self, partition: &'static str) -> Simulation {
        let hub = self.simulation.hub.clone().ports(move |ports| Ports {
            store: Arc::new(FailingStore {
                store: ports.store,
                partition,
            }),
            ..ports
        });
        Simulation {
            hub,
            upstream: Arc::clone(&self.simulation.upstream),
        }
    }
}

/// The link, the copy of a message and the mark that these were all.
#[tokio::test(start_paused = true)]
async fn whatever_fails_after_upstreams_answer_nothing_is_sent_twice_and_no_message_is_lost() {
    for idempotent in [true, false] {
        for (partition, sent) in [("UPSTREAM#700007", 1), ("MESSAGES#7", 3), ("MESSAGES#700007", 3)] {
            let scene = Scene::new(idempotent).await;
            let (simulation, case) = (&scene.simulation, scene.case);
            assert_eq!(scene.failing(partition).wake(case).await, Some(false), "{partition}");
            assert_eq!(simulation.rows(case, "ANSWER#").len(), sent, "{partition}");
            assert_eq!(simulation.upstream.seen().len(), sent, "{partition}");
            let row = simulation.row(case);
            assert_eq!((row.sending, row.held.is_none()), (None, true), "{partition}");
            assert!(scene.all_are_readable().await, "{partition}");
            // SQS delivers the message again, and another one with it.
            tokio::time::sleep(Duration::from_secs(180)).await;
            let again = tokio::join!(simulation.wake(case), simulation.wake(case));
            assert_eq!(again, (Some(true), Some(true)), "{partition}");
            simulation.settle(Vec::new(), HOUR).await;
            assert_eq!(simulation.upstream.made(7), [1, 2, 3], "{partition}");
            assert_eq!(simulation.upstream.seen().len(), 3, "{partition}");
            let row = simulation.row(case);
            assert_eq!((row.upstream, row.created), (Some(NUMBER), None), "{partition}");
            assert_eq!(scene.read(7).await, TEXTS, "{partition}");
            assert!(scene.read(NUMBER).await.is_empty(), "{partition}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_neither_loses_a_recorded_answer_nor_a_message() {
    for idempotent in [true, false] {
        let (mut steps, mut done, mut unanswered) = (0, false, 0);
        while !done {
            let scene = Scene::new(idempotent).await;
            let (simulation, case) = (&scene.simulation, scene.case);
            done = simulation.crash_after(steps).wake(case).await == Some(true);
            assert!(scene.all_are_readable().await, "step {steps}");
            let answered = !simulation.rows(case, "ANSWER#000001").is_empty();
            tokio::time::sleep(Duration::from_secs(180)).await;
            assert_eq!(simulation.wake(case).await, Some(true), "step {steps}");
            simulation.settle(Vec::new(), HOUR).await;
            let row = simulation.row(case);
            match &row.held {
                Some(held) if held.n == 1 => {
                    unanswered += 1;
                    assert_eq!((idempotent, answered), (false, false), "step {steps}");
                    assert!(scene.all_are_readable().await, "step {steps}");
                }
                held => {
                    assert!(held.is_none() || !idempotent, "step {steps}");
                    assert_eq!(scene.read(7).await, TEXTS, "step {steps}");
                    assert!(scene.read(NUMBER).await.is_empty(), "step {steps}");
                }
            }
            steps += 1;
        }
        assert!(steps > 60, "{steps} steps were tried");
        // From the first write before the request to the one after the answer.
        assert!(idempotent || (1..12).contains(&unanswered), "{unanswered} of {steps}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_of_another_case_is_held_with_upstreams_answer() {
    for idempotent in [true, false] {
        let scene = Scene::new(idempotent).await;
        let (simulation, case, env) = (&scene.simulation, scene.case, scene.simulation.hub.env());
        let linked = UpstreamRow::link(&env, NUMBER, Sequence(9), Vec::new(), simulation.now()).await;
        assert_eq!(linked.unwrap(), Linked::Done);
        assert_eq!(simulation.wake(case).await, Some(true));
        let row = simulation.row(case);
        let held = row.held.unwrap();
        assert_eq!((held.n, held.why), (1, HoldReason::Unknown));
        assert_eq!((row.forwarded_through, row.upstream, row.created), (0, None, None));
        assert_eq!(simulation.rows(case, "ANSWER#").len(), 1);
        assert_eq!(simulation.upstream.made(7), [1]);
        assert!(scene.read(7).await.is_empty());
        let found = UpstreamRow::load(env.table().unwrap(), &NUMBER).await.unwrap();
        assert_eq!(found.unwrap().sequence, Sequence(9));
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_an_operator_gives_is_linked_although_its_messages_cannot_be_relinked_yet() {
    let scene = Scene::new(false).await;
    let (simulation, case) = (&scene.simulation, scene.case);
    simulation.upstream.script([Loses(Reset)]);
    assert_eq!(simulation.wake(case).await, Some(true));
    let number = FakeUpstream::number(7);
    let decision = json!({"n": 1, "does": "skip", "upstream": number, "by": "op"});
    let wake = json!({"sequence": case, "decision": decision}).to_string();
    assert_eq!(scene.failing("MESSAGES#7").deliver(&wake, 1).await, Some(false));
    assert_eq!(simulation.upstream.made(7), [1, 2, 3]);
    assert!(scene.all_are_readable().await);
    assert_eq!(simulation.deliver(&wake, 2).await, Some(true));
    assert_eq!(scene.read(7).await, TEXTS);
    assert_eq!(simulation.rows(case, "DECISION#").len(), 1);
    assert_eq!(simulation.upstream.seen().len(), 3);
}
