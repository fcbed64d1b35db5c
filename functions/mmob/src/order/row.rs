//! An order as it is stored. One row holds all of it, and every write names the revision that it replaces, so a writer with
//! an old revision writes nothing.
//!
//! The row is its own outbox. An unfinished order is in the sparse index of due rows, so one write accepts an order and also
//! schedules the sweep that completes it. A second row in a transaction would add nothing and double the cost.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::id::{CorrelationId, ReceiptId};
use model::order::{OrderOutcome, OrderStatus};
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::http::list::{Entry, month_of};
use runtime::port::metric;
use runtime::port::store::{Item, Key};
use runtime::work::due::DueTime;
use runtime::work::lease::Lease;
use runtime::work::row::{Revised, Row, Table, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// MMOB's users wait this long for an order.
const USER_WAIT: SignedDuration = SignedDuration::from_secs(60);
/// An unfinished order of this age is late.
const LATE_AFTER: SignedDuration = SignedDuration::from_secs(50);
/// Longer than the worker's timeout, so that the holder cannot run any more, and shorter than the queue's visibility.
pub const WORKER_LEASE: Duration = Duration::from_secs(9);
/// The sweep looks at an order that no worker has leased for this long: its messages may be lost.
const SWEEP_DELAY: SignedDuration = SignedDuration::from_secs(15);
/// How much earlier than its delay SQS may deliver a message.
const EARLY_MARGIN: Duration = Duration::from_secs(1);
/// An order that stays undecided for this time, or for this number of attempts, goes to an operator.
const DECISION_TIMEOUT: SignedDuration = SignedDuration::from_mins(15);
const MAX_ATTEMPTS: u32 = 60;
/// An order that no worker could try, because Lambda throttled them or its product had no free place, goes to an operator
/// after this time.
const UNTRIED_TIMEOUT: SignedDuration = SignedDuration::from_hours(24);
/// The worker tries to report a decision for this long.
const REPORT_TIMEOUT: SignedDuration = SignedDuration::from_hours(24);
/// In seconds.
const RETENTION: i64 = 90 * 24 * 60 * 60;

/// The prefix of the lists of orders, one list per month.
pub const LIST: &str = "ORDERS";

/// The progress of an order in the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum OrderStep {
    /// Neither the provider nor MMOB has heard of it from the hub.
    Received,
    /// The provider may have been called. Every further call has the same id.
    Calling,
    /// The decision is final for this round. MMOB may not have it.
    Decided,
    /// MMOB has the decision.
    // A value of the API and of stored rows.
    #[serde(rename = "TOLD")]
    Reported,
}

/// Why an order waits for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Manual {
    /// An operator fulfils every order of this product.
    ByHand,
    /// The hub has no fulfilment for the product.
    UnknownProduct,
    /// The egress rules refuse the address of the product's provider.
    AddressRefused,
    /// The provider's endpoint refused the order.
    Refused,
    /// The provider's response has no usable decision.
    Unusable,
    /// The order stayed undecided for too long.
    Undecided,
    /// The order is decided, and every report to MMOB failed.
    // A value of the API and of stored rows.
    #[serde(rename = "untold")]
    Unreported,
    /// MMOB has another final status.
    Conflict,
}

/// MMOB's ids of an order and of its parts.
pub struct OrderIds {
    pub order: String,
    pub product: String,
    pub price: String,
    pub user: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRow {
    /// MMOB's id, as are the next three.
    pub id: String,
    pub prod_id: String,
    pub pricing_id: String,
    pub tpp_user_id: String,
    /// The keyed hash of the user's input. The input itself is personal and stays with MMOB.
    input: String,
    /// The key of the order in the lists.
    pub receipt: ReceiptId,
    pub correlation_id: CorrelationId,
    /// 1, and one more each time that MMOB sends the order again with the information that was missing.
    pub round: u32,
    pub status: OrderStatus,
    pub step: OrderStep,
    /// What the worker reports to MMOB. One per round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<OrderOutcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// The `sub` of the operator, unless the provider or a rule decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<Manual>,
    /// The number of leases in this round.
    pub attempts: u32,
    pub late: bool,
    /// Until then the order waits for a place of its product's share. A message is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waits_until: Option<Timestamp>,
    #[serde(flatten)]
    lease: Lease,
    #[serde(flatten)]
    pub version: Version,
    pub created_at: Timestamp,
    /// When this round began.
    pub received_at: Timestamp,
    #[serde(flatten)]
    due: DueTime,
    pub ttl: i64,
}

impl Row for OrderRow {
    type Id = str;

    fn key(table: Table<'_>, id: &str) -> Key {
        table.key(format!("ORDER#{id}"), "ORDER")
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Revised for OrderRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

/// The stored row.
impl OrderRow {
    /// The entry that lists the order. A repeated write of it changes nothing.
    pub fn entry(&self, rows: Table<'_>) -> Result<Item> {
        let key = Self::key(rows, &self.id);
        let list = month_of(LIST, self.receipt.as_uuid());
        Entry::item(&list, *self.receipt.as_uuid(), &key, self.ttl)
    }

    /// Replaces the row. False if another writer has changed it.
    pub async fn write(&mut self, cx: &Cx<Env>) -> Result<bool> {
        let becomes_late = self.marks_late(cx.now());
        let written = self.save(cx.env.table()?, cx.now()).await?;
        if written && becomes_late {
            metric::count("LateOrders", 1);
        }
        Ok(written)
    }

    /// Replaces the row under this worker's lease. If another writer has changed it all the same, the message comes back and
    /// finds the new state: the change may have made other messages end without effect.
    pub async fn keep(&mut self, cx: &Cx<Env>) -> Result<()> {
        if self.write(cx).await? {
            return Ok(());
        }
        let changed = "an order changed during the work on it";
        Err(Error::new(Kind::InProgress, changed))
    }

    /// Leaves the order to an operator.
    pub async fn escalate(&mut self, cx: &Cx<Env>, why: Manual) -> Result<()> {
        self.wait_for_operator(why, cx.now());
        // A worker lists an order at its first lease, which this order may not have had.
        let rows = cx.env.table()?;
        rows.append(vec![self.entry(rows)?]).await?;
        self.keep(cx).await?;
        // Fulfilment by hand is the plan for its products, so it raises no alarm.
        if why != Manual::ByHand {
            tracing::warn!(correlation = %self.correlation_id, ?why, "an order waits for an operator");
            metric::count("ManualOrders", 1);
        }
        if why == Manual::Conflict {
            metric::count("ConflictingOrders", 1);
        }
        Ok(())
    }
}

/// Changes of state.
impl OrderRow {
    /// The list of orders that wait for a time.
    pub const DUE_LIST: &str = "ORDER";
    /// The list of orders that wait for an operator.
    pub const MANUAL: &str = "MANUAL";

    /// A new order. `input` is the keyed hash of the user's input.
    pub fn receive(ids: OrderIds, input: String, correlation: CorrelationId, now: Timestamp) -> Self {
        let mut row = Self {
            id: ids.order,
            prod_id: ids.product,
            pricing_id: ids.price,
            tpp_user_id: ids.user,
            input,
            receipt: ReceiptId::new(now),
            correlation_id: correlation,
            round: 0,
            status: OrderStatus::Pending,
            step: OrderStep::Received,
            decision: None,
            decided_at: None,
            decided_by: None,
            manual: None,
            attempts: 0,
            late: false,
            waits_until: None,
            lease: Lease::default(),
            version: Version::first(now),
            created_at: now,
            received_at: now,
            due: DueTime::default(),
            ttl: 0,
        };
        row.begin(now);
        row
    }

    fn begin(&mut self, now: Timestamp) {
        self.round += 1;
        self.status = OrderStatus::Pending;
        self.step = OrderStep::Received;
        self.decision = None;
        self.decided_at = None;
        self.decided_by = None;
        self.manual = None;
        self.attempts = 0;
        self.late = false;
        self.waits_until = None;
        self.received_at = now;
        self.ttl = now.as_second().saturating_add(RETENTION);
        self.look_after(SWEEP_DELAY, now);
    }

    fn look_after(&mut self, delay: SignedDuration, now: Timestamp) {
        self.due = DueTime::at(Self::DUE_LIST, now.checked_add(delay).ok());
    }

    /// Whether MMOB has sent exactly this order before.
    pub fn is_repeated_by(&self, posted: &Self) -> bool {
        self.has_ids_of(posted) && self.input == posted.input
    }

    fn has_ids_of(&self, other: &Self) -> bool {
        self.id == other.id
            && self.prod_id == other.prod_id
            && self.pricing_id == other.pricing_id
            && self.tpp_user_id == other.tpp_user_id
    }

    /// Begins another round with what MMOB has posted, if the order needs more information. A worker that still reports that
    /// need keeps its lease until the lease ends.
    pub fn begin_again(&mut self, posted: &Self, now: Timestamp) -> bool {
        let wanted = self.status == OrderStatus::NeedMoreInfo && self.has_ids_of(posted);
        if wanted {
            self.input.clone_from(&posted.input);
            self.correlation_id = posted.correlation_id;
            self.begin(now);
        }
        wanted
    }

    /// Whether a worker can do more for it, without an operator.
    pub fn is_unfinished(&self) -> bool {
        self.step != OrderStep::Reported && self.manual.is_none()
    }

    /// Whether it is unfinished, no worker holds it, and its time has come.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.is_unfinished() && !self.is_leased(now) && self.due.has_come(now)
    }

    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.lease.is_held(now)
    }

    pub fn deadline(&self) -> Timestamp {
        self.received_at.saturating_add(USER_WAIT).unwrap_or(Timestamp::MAX)
    }

    pub fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.received_at)
    }

    /// Marks the order late if it has become so. Whether it has.
    fn marks_late(&mut self, now: Timestamp) -> bool {
        let becomes = !self.late && self.is_unfinished() && self.age(now) >= LATE_AFTER;
        self.late |= becomes;
        becomes
    }

    /// Why workers stop trying, if they do.
    pub fn given_up(&self, now: Timestamp) -> Option<Manual> {
        match self.decided_at {
            Some(decided) => (now.duration_since(decided) > REPORT_TIMEOUT).then_some(Manual::Unreported),
            None if self.attempts == 0 => (self.age(now) > UNTRIED_TIMEOUT).then_some(Manual::Undecided),
            None => {
                let ended = self.age(now) > DECISION_TIMEOUT || self.attempts >= MAX_ATTEMPTS;
                ended.then_some(Manual::Undecided)
            }
        }
    }

    /// Gives this worker a lease, which lasts longer than the worker can run.
    pub fn lease(&mut self, now: Timestamp) {
        self.attempts += 1;
        self.lease.take(now, WORKER_LEASE);
        self.look_after(SWEEP_DELAY, now);
    }

    /// Notes that it waits for a place, and that a message comes back after `delay`. True for the first wait of this round.
    pub fn wait_for_place(&mut self, now: Timestamp, delay: Duration) -> bool {
        // SQS may be a little early, and a message that is too early ends without effect.
        let early = delay.saturating_sub(EARLY_MARGIN);
        let until = now.saturating_add(early).unwrap_or(Timestamp::MAX);
        self.look_after(SWEEP_DELAY.saturating_add(until.duration_since(now)), now);
        self.waits_until.replace(until).is_none()
    }

    pub fn is_waiting(&self, now: Timestamp) -> bool {
        self.waits_until.is_some_and(|until| now < until)
    }

    /// Notes that the sweep has enqueued it again.
    pub fn requeued(&mut self, now: Timestamp) {
        self.look_after(USER_WAIT, now);
    }

    /// The id of every call to the provider in this round. No id of an order has a colon.
    pub fn callback_id(&self) -> String {
        match self.round {
            1 => self.id.clone(),
            round => format!("{}:{round}", self.id),
        }
    }

    pub fn decide(&mut self, outcome: OrderOutcome, now: Timestamp) {
        self.status = outcome.status;
        self.decision = Some(outcome);
        self.decided_at = Some(now);
        self.step = OrderStep::Decided;
    }

    /// Ends the round: MMOB has the decision.
    pub fn finish(&mut self) {
        self.step = OrderStep::Reported;
        self.release();
    }

    /// Ends the workers' part.
    pub fn wait_for_operator(&mut self, why: Manual, now: Timestamp) {
        self.manual = Some(why);
        self.release();
        self.due = DueTime::at(Self::MANUAL, Some(now));
    }

    fn release(&mut self) {
        self.lease.release();
        self.due = DueTime::default();
    }

    /// Takes an operator's decision, which a worker reports as any other. A final status stays. A worker that holds the order
    /// keeps its lease, and its next write fails.
    pub fn resolve(&mut self, outcome: OrderOutcome, operator: &str, now: Timestamp) -> Result<()> {
        if self.status.is_final() {
            return Err(Error::new(Kind::Conflict, "The order is final."));
        }
        self.decide(outcome, now);
        self.decided_by = Some(operator.to_owned());
        self.manual = None;
        self.look_after(SWEEP_DELAY, now);
        Ok(())
    }
}
