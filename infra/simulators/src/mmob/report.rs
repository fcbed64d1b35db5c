//! The report of an order: what its user would have seen, and the results of its webhooks.

use jiff::Timestamp;
use serde::Serialize;

use super::order::{Order, OrderHistory, OrderStatus};
use crate::delivery::Delivery;

/// A user's screen polls the order for a minute, once a second. In milliseconds.
const POLLING_PERIOD: i64 = 60_000;
const POLL_INTERVAL: i64 = 1_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    id: &'a str,
    status: OrderStatus,
    #[serde(rename = "final")]
    is_final: bool,
    placed_at: String,
    /// Milliseconds from the first webhook to the final status.
    final_after: Option<i64>,
    /// The final status came while the screen was polling.
    in_time: bool,
    /// The statuses that the user's screen showed, with milliseconds since the order was placed.
    seen: Vec<SeenStatus>,
    updates: u32,
    repeats: u32,
    conflicts: u32,
    webhooks: Vec<WebhookResult<'a>>,
}

#[derive(Serialize)]
struct SeenStatus {
    after: i64,
    status: OrderStatus,
}

#[derive(Serialize)]
struct WebhookResult<'a> {
    after: i64,
    #[serde(flatten)]
    delivery: &'a Delivery,
}

impl<'a> Report<'a> {
    pub fn of(id: &'a str, order: &'a Order) -> Self {
        let history = &order.history;
        let final_change = history.changes.iter().find(|(_, status)| status.is_final());
        let final_after = final_change
            .zip(history.posted)
            .map(|((at, _), posted)| since(posted, *at));
        let webhooks = history.webhooks.iter().map(|(at, delivery)| WebhookResult {
            after: since(history.placed, *at),
            delivery,
        });
        Self {
            id,
            status: order.status,
            is_final: order.status.is_final(),
            placed_at: history.placed.to_string(),
            final_after,
            in_time: final_after.is_some_and(|after| after <= POLLING_PERIOD),
            seen: seen(history),
            updates: history.updates,
            repeats: history.repeats,
            conflicts: history.conflicts,
            webhooks: webhooks.collect(),
        }
    }
}

/// Returns the statuses that the polls showed. A poll shows only the last change since the poll before it.
fn seen(history: &OrderHistory) -> Vec<SeenStatus> {
    let mut seen = vec![SeenStatus {
        after: 0,
        status: OrderStatus::Pending,
    }];
    for (at, status) in &history.changes {
        let after = since(history.placed, *at).max(0).saturating_add(POLL_INTERVAL - 1) / POLL_INTERVAL * POLL_INTERVAL;
        if after > POLLING_PERIOD {
            break;
        }
        seen.retain(|earlier| earlier.after != after);
        seen.push(SeenStatus { after, status: *status });
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
    fn a_poll_shows_the_last_change_before_it() {
        let mut history = OrderHistory::new(at(500));
        history.changes = vec![
            (at(1_200), OrderStatus::NeedMoreInfo),
            (at(1_400), OrderStatus::Succesful),
            (at(70_000), OrderStatus::Failed),
        ];
        let shown: Vec<_> = seen(&history).iter().map(|seen| (seen.after, seen.status)).collect();
        assert_eq!(shown, [(0, OrderStatus::Pending), (1_000, OrderStatus::Succesful)]);
    }
}
