//! The way back, with a queue that can fail.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::*;

/// What a run does, in its order.
#[derive(Debug, PartialEq)]
enum Done {
    Recorded(usize),
    Sent(usize),
    Deleted(usize),
}

#[derive(Default)]
struct Fake {
    dead: RefCell<Vec<Letter>>,
    alive: RefCell<Vec<String>>,
    done: RefCell<Vec<Done>>,
    released: Cell<usize>,
    /// Bodies that SQS does not take.
    refused: Vec<&'static str>,
    /// Workers give up on everything at once.
    deadly: bool,
    /// The process is killed before it has deleted anything.
    crashing: Cell<bool>,
}

impl Fake {
    fn of(bodies: &[&'static str]) -> Self {
        let dead = bodies.iter().map(|body| letter(body, 0)).collect();
        Self {
            dead: RefCell::new(dead),
            ..Self::default()
        }
    }
}

fn letter(body: &str, sent: i64) -> Letter {
    Letter {
        id: format!("m-{body}"),
        receipt: format!("r-{body}"),
        body: body.to_owned(),
        sent,
        reason: None,
    }
}

impl Post for Fake {
    fn receive(&self, most: usize) -> Result<Vec<Letter>> {
        Ok(self.dead.borrow().iter().take(most).cloned().collect())
    }

    fn send(&self, letters: &[Letter]) -> Result<BTreeSet<String>> {
        self.done.borrow_mut().push(Done::Sent(letters.len()));
        let taken = letters
            .iter()
            .filter(|letter| !self.refused.contains(&letter.body.as_str()));
        let taken: Vec<_> = taken.collect();
        self.alive
            .borrow_mut()
            .extend(taken.iter().map(|letter| letter.body.clone()));
        if self.deadly {
            let again = taken.iter().map(|letter| Letter {
                id: format!("{}-again", letter.id),
                sent: i64::MAX,
                ..(*letter).clone()
            });
            self.dead.borrow_mut().extend(again);
        }
        Ok(taken.iter().map(|letter| letter.id.clone()).collect())
    }

    fn delete(&self, letters: &[Letter]) -> Result<()> {
        if self.crashing.get() {
            return Err("killed".into());
        }
        self.done.borrow_mut().push(Done::Deleted(letters.len()));
        // SQS hides what it could not be rid of; here it is gone too, so that it is not seen again in this run.
        let gone: BTreeSet<_> = letters.iter().map(|letter| &letter.id).collect();
        self.dead
            .borrow_mut()
            .retain(|letter| !gone.contains(&letter.id) && !self.refused.contains(&letter.body.as_str()));
        Ok(())
    }

    fn release(&self, letters: &[Letter]) -> Result<()> {
        self.released.set(self.released.get() + letters.len());
        Ok(())
    }

    fn record(&self, letters: &[Letter]) -> Result<()> {
        self.done.borrow_mut().push(Done::Recorded(letters.len()));
        Ok(())
    }
}

#[test]
fn a_message_is_remembered_then_sent_then_deleted() {
    let post = Fake::of(&["a", "b", "c"]);
    let count = bring_back(&post, 1000).unwrap();
    assert_eq!(count, Count { moved: 3, stuck: 0 });
    let expected = [Done::Recorded(3), Done::Sent(3), Done::Deleted(3)];
    assert_eq!(*post.done.borrow(), expected);
    assert_eq!(*post.alive.borrow(), ["a", "b", "c"]);
    assert_eq!(
        bring_back(&post, 1000).unwrap(),
        Count::default(),
        "a second run finds nothing"
    );
    assert_eq!(*post.done.borrow(), expected);
}

#[test]
fn a_crash_doubles_and_never_loses() {
    let post = Fake::of(&["a", "b"]);
    post.crashing.set(true);
    bring_back(&post, 1000).unwrap_err();
    assert_eq!(post.dead.borrow().len(), 2);
    post.crashing.set(false);
    assert_eq!(bring_back(&post, 1000).unwrap().moved, 2);
    assert_eq!(*post.alive.borrow(), ["a", "b", "a", "b"]);
}

#[test]
fn what_dies_again_is_left_for_another_run() {
    let post = Fake {
        deadly: true,
        ..Fake::of(&["a", "b"])
    };
    assert_eq!(bring_back(&post, 1000).unwrap().moved, 2);
    assert_eq!((post.dead.borrow().len(), post.released.get()), (2, 2));
    assert_eq!(post.alive.borrow().len(), 2);
}

#[test]
fn what_cannot_be_sent_is_not_deleted() {
    let post = Fake {
        refused: vec!["b"],
        ..Fake::of(&["a", "b", "c"])
    };
    assert_eq!(bring_back(&post, 1000).unwrap(), Count { moved: 2, stuck: 1 });
    assert_eq!(
        *post.done.borrow(),
        [Done::Recorded(3), Done::Sent(3), Done::Deleted(2)]
    );
}

#[test]
fn no_more_than_so_many_a_second() {
    let post = Fake::of(&["a", "b", "c", "d", "e", "f"]);
    let begun = Instant::now();
    bring_back(&post, 20).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    let post = Fake::of(&["a", "b", "c", "d"]);
    post.crashing.set(true);
    bring_back(&post, 3).unwrap_err();
    assert_eq!(post.done.borrow().first(), Some(&Done::Recorded(3)));
}

#[test]
fn a_listing_gives_everything_back() {
    let post = Fake::of(&["a", "b", "c"]);
    list(&post).unwrap();
    assert_eq!((post.dead.borrow().len(), post.released.get()), (3, 3));
    assert!(post.alive.borrow().is_empty() && post.done.borrow().is_empty());
}

#[test]
fn a_queue_is_known_by_its_name_and_needs_dead_letters() {
    let queues = [("quoteRetry", "u/1"), ("quoteRetryDlq", "u/2"), ("odd", "u/3")];
    let queues = queues
        .map(|(name, url)| (name.to_owned(), Value::from(url)))
        .into_iter()
        .collect();
    assert_eq!(
        find(&queues, "quoteRetry").unwrap(),
        ("u/1".to_owned(), "u/2".to_owned())
    );
    for wrong in ["odd", "nobody", "quoteRetryDlq"] {
        let said = find(&queues, wrong).unwrap_err().to_string();
        assert!(said.ends_with("there are quoteRetry"), "{said}");
    }
}
