//! Redrives with a fake queue that can fail.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::*;

/// What the run did, in order.
#[derive(Debug, PartialEq)]
enum Operation {
    Recorded(usize),
    Sent(usize),
    Deleted(usize),
}

#[derive(Default)]
struct FakeQueue {
    dead: RefCell<Vec<DeadMessage>>,
    source: RefCell<Vec<String>>,
    operations: RefCell<Vec<Operation>>,
    released: Cell<usize>,
    /// Bodies that SQS rejects.
    refused: Vec<&'static str>,
    /// Every sent message fails again at once.
    fails_again: bool,
    /// The process crashes before it deletes messages.
    crashing: Cell<bool>,
}

impl FakeQueue {
    fn of(bodies: &[&'static str]) -> Self {
        let dead = bodies.iter().map(|body| dead_message(body, 0)).collect();
        Self {
            dead: RefCell::new(dead),
            ..Self::default()
        }
    }
}

fn dead_message(body: &str, sent: i64) -> DeadMessage {
    DeadMessage {
        id: format!("m-{body}"),
        receipt: format!("r-{body}"),
        body: body.to_owned(),
        sent,
        reason: None,
    }
}

impl Queue for FakeQueue {
    fn receive(&self, limit: usize) -> Result<Vec<DeadMessage>> {
        Ok(self.dead.borrow().iter().take(limit).cloned().collect())
    }

    fn send(&self, messages: &[DeadMessage]) -> Result<BTreeSet<String>> {
        self.operations.borrow_mut().push(Operation::Sent(messages.len()));
        let accepted = messages
            .iter()
            .filter(|message| !self.refused.contains(&message.body.as_str()));
        let accepted: Vec<_> = accepted.collect();
        self.source
            .borrow_mut()
            .extend(accepted.iter().map(|message| message.body.clone()));
        if self.fails_again {
            let again = accepted.iter().map(|message| DeadMessage {
                id: format!("{}-again", message.id),
                sent: i64::MAX,
                ..(*message).clone()
            });
            self.dead.borrow_mut().extend(again);
        }
        Ok(accepted.iter().map(|message| message.id.clone()).collect())
    }

    fn delete(&self, messages: &[DeadMessage]) -> Result<()> {
        if self.crashing.get() {
            return Err("killed".into());
        }
        self.operations.borrow_mut().push(Operation::Deleted(messages.len()));
        // SQS hides the rejected messages for the visibility timeout, so this run does not receive them again.
        let deleted: BTreeSet<_> = messages.iter().map(|message| &message.id).collect();
        self.dead
            .borrow_mut()
            .retain(|message| !deleted.contains(&message.id) && !self.refused.contains(&message.body.as_str()));
        Ok(())
    }

    fn release(&self, messages: &[DeadMessage]) -> Result<()> {
        self.released.set(self.released.get() + messages.len());
        Ok(())
    }

    fn record(&self, messages: &[DeadMessage]) -> Result<()> {
        self.operations.borrow_mut().push(Operation::Recorded(messages.len()));
        Ok(())
    }
}

#[test]
fn a_message_is_recorded_then_sent_then_deleted() {
    let queue = FakeQueue::of(&["a", "b", "c"]);
    let counts = move_back(&queue, 1000).unwrap();
    assert_eq!(counts, Counts { moved: 3, failed: 0 });
    let expected = [Operation::Recorded(3), Operation::Sent(3), Operation::Deleted(3)];
    assert_eq!(*queue.operations.borrow(), expected);
    assert_eq!(*queue.source.borrow(), ["a", "b", "c"]);
    assert_eq!(
        move_back(&queue, 1000).unwrap(),
        Counts::default(),
        "a second run finds nothing"
    );
    assert_eq!(*queue.operations.borrow(), expected);
}

#[test]
fn a_crash_duplicates_and_never_loses() {
    let queue = FakeQueue::of(&["a", "b"]);
    queue.crashing.set(true);
    move_back(&queue, 1000).unwrap_err();
    assert_eq!(queue.dead.borrow().len(), 2);
    queue.crashing.set(false);
    assert_eq!(move_back(&queue, 1000).unwrap().moved, 2);
    assert_eq!(*queue.source.borrow(), ["a", "b", "a", "b"]);
}

#[test]
fn a_message_that_fails_again_stays_for_the_next_run() {
    let queue = FakeQueue {
        fails_again: true,
        ..FakeQueue::of(&["a", "b"])
    };
    assert_eq!(move_back(&queue, 1000).unwrap().moved, 2);
    assert_eq!((queue.dead.borrow().len(), queue.released.get()), (2, 2));
    assert_eq!(queue.source.borrow().len(), 2);
}

#[test]
fn a_rejected_message_is_not_deleted() {
    let queue = FakeQueue {
        refused: vec!["b"],
        ..FakeQueue::of(&["a", "b", "c"])
    };
    assert_eq!(move_back(&queue, 1000).unwrap(), Counts { moved: 2, failed: 1 });
    assert_eq!(
        *queue.operations.borrow(),
        [Operation::Recorded(3), Operation::Sent(3), Operation::Deleted(2)]
    );
}

#[test]
fn the_rate_is_a_maximum() {
    let queue = FakeQueue::of(&["a", "b", "c", "d", "e", "f"]);
    let begun = Instant::now();
    move_back(&queue, 20).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    let queue = FakeQueue::of(&["a", "b", "c", "d"]);
    queue.crashing.set(true);
    move_back(&queue, 3).unwrap_err();
    assert_eq!(queue.operations.borrow().first(), Some(&Operation::Recorded(3)));
}

#[test]
fn a_listing_releases_every_message() {
    let queue = FakeQueue::of(&["a", "b", "c"]);
    list(&queue).unwrap();
    assert_eq!((queue.dead.borrow().len(), queue.released.get()), (3, 3));
    assert!(queue.source.borrow().is_empty() && queue.operations.borrow().is_empty());
}

#[test]
fn a_queue_is_found_by_name_and_needs_a_dead_letter_queue() {
    let queues = [("quoteRetry", "u/1"), ("quoteRetryDlq", "u/2"), ("odd", "u/3")];
    let queues = queues
        .map(|(name, url)| (name.to_owned(), Value::from(url)))
        .into_iter()
        .collect();
    assert_eq!(
        find(&queues, "quoteRetry").unwrap(),
        ("u/1".to_owned(), "u/2".to_owned())
    );
    for wrong in ["odd", "absent", "quoteRetryDlq"] {
        let failure = find(&queues, wrong).unwrap_err().to_string();
        assert!(failure.ends_with("there are quoteRetry"), "{failure}");
    }
}
