//! What an order's user would have seen, and what came of telling the provider.

use jiff::Timestamp;
use serde::Serialize;

use super::book::{Order, Status};
use crate::webhook::Delivery;

/// A user's screen is renewed so long, and so often, in milliseconds.
const MINUTE: i64 = 60_000;
const POLL: i64 = 1_000;

/// What has happened to an order.
pub struct Told {
    pub placed: Timestamp,
    /// When each change of its state came.
    pub changes: Vec<(Timestamp, Status)>,
    /// How often it was updated, and how often with nothing new.
    pub updates: u32,
    pub repeats: u32,
    /// How often its final state would have been replaced by another.
    pub conflicts: u32,
    /// How each webhook ended, and when it was sent.
    pub webhooks: Vec<(Timestamp, Delivery)>,
    /// When the first was sent.
    pub posted: Option<Timestamp>,
}

impl Told {
    pub fn new(now: Timestamp) -> Self {
        Self {
            placed: now,
            changes: Vec::new(),
            updates: 0,
            repeats: 0,
            conflicts: 0,
            webhooks: Vec::new(),
            posted: None,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    id: &'a str,
    status: Status,
    #[serde(rename = "final")]
    is_final: bool,
    placed_at: String,
    /// Milliseconds from the first webhook to the final state.
    final_after: Option<i64>,
    /// Whether that was within the minute.
    in_time: bool,
    /// What the user's screen showed in its minute, and when, in milliseconds since the order was placed.
    seen: Vec<Seen>,
    updates: u32,
    repeats: u32,
    conflicts: u32,
    webhooks: Vec<Posted<'a>>,
}

#[derive(Serialize)]
struct Seen {
    after: i64,
    status: Status,
}

#[derive(Serialize)]
struct Posted<'a> {
    after: i64,
    #[serde(flatten)]
    delivery: &'a Delivery,
}

impl<'a> Report<'a> {
    pub fn of(id: &'a str, order: &'a Order) -> Self {
        let told = &order.told;
        let finally = told.changes.iter().find(|(_, status)| status.is_final());
        let final_after = finally.zip(told.posted).map(|((at, _), posted)| since(posted, *at));
        let webhooks = told.webhooks.iter().map(|(at, delivery)| Posted {
            after: since(told.placed, *at),
            delivery,
        });
        Self {
            id,
            status: order.status,
            is_final: order.status.is_final(),
            placed_at: told.placed.to_string(),
            final_after,
            in_time: final_after.is_some_and(|after| after <= MINUTE),
            seen: seen(told),
            updates: told.updates,
            repeats: told.repeats,
            conflicts: told.conflicts,
            webhooks: webhooks.collect(),
        }
    }
}

/// A change is seen by the next look at it, and only the last one of those between two looks.
fn seen(told: &Told) -> Vec<Seen> {
    let mut seen = vec![Seen {
        after: 0,
        status: Status::Pending,
    }];
    for (at, status) in &told.changes {
        let after = since(told.placed, *at).max(0).saturating_add(POLL - 1) / POLL * POLL;
        if after > MINUTE {
            break;
        }
        seen.retain(|earlier| earlier.after != after);
        seen.push(Seen { after, status: *status });
    }
    seen
}

fn since(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millisecond() - from.as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn a_screen_shows_what_it_finds_when_it_looks() {
        let mut told = Told::new(at(500));
        told.changes = vec![
            (at(1_200), Status::NeedMoreInfo),
            (at(1_400), Status::Succesful),
            (at(70_000), Status::Failed),
        ];
        let shown: Vec<_> = seen(&told).iter().map(|seen| (seen.after, seen.status)).collect();
        assert_eq!(shown, [(0, Status::Pending), (1_000, Status::Succesful)]);
    }
}
