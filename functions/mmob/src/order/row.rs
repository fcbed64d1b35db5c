//! An order as it is stored. One row holds all of it, and every write names the revision that it replaces: who is behind
//! writes nothing.
//!
//! The row is its own outbox. Until it is finished it stands in the sparse index of what is due, so that one write both
//! accepts an order and promises that somebody will look at it; a second row in a transaction would say the same and cost
//! twice as much.

use jiff::{SignedDuration, Timestamp};
use model::id::{CorrelationId, ReceiptId};
use model::order::{OrderStatus, Outcome};
use model::{Error, Kind, Result};
use runtime::due::Due;
use runtime::listing::{Entry, month_of};
use runtime::redact::Redactor;
use runtime::store::{Item, Key, When, Write};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::facts::Facts;
use crate::Env;

/// MMOB's users look at a spinner for so long.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// From here on an order is late whatever happens to it.
const LATE: SignedDuration = SignedDuration::from_secs(50);
/// Whoever took an order on is gone after this: longer than the worker's timeout, and shorter than its queue's visibility.
const LEASE: SignedDuration = SignedDuration::from_secs(9);
/// An order that nobody has taken on after so long is looked at: its messages may be lost.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// An order that could not be decided in so long, or so often, is an operator's.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
const ATTEMPTS: u32 = 60;
/// What was decided is told for so long.
const TELLING: SignedDuration = SignedDuration::from_hours(24);
/// Orders are kept this long, in seconds.
const KEPT: i64 = 90 * 24 * 60 * 60;

/// What the months' lists of orders are called.
pub const LIST: &str = "ORDERS";

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Step {
    /// Nothing has been done that anybody else knows of.
    Received,
    /// The provider may have been asked. It is asked again under the same id.
    Calling,
    /// What becomes of it is fixed, and MMOB may not know.
    Decided,
    /// MMOB knows.
    Told,
}

/// Why an order waits for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Manual {
    /// Its product is fulfilled by hand.
    ByHand,
    /// Nothing says how its product is fulfilled.
    UnknownProduct,
    /// The address of its product's provider may not be called any more.
    AddressRefused,
    /// The provider's endpoint refuses it.
    Refused,
    /// The provider's endpoint answers something that says nothing.
    Unusable,
    /// It could not be decided in time.
    Undecided,
    /// It was decided, and MMOB could not be told.
    Untold,
    /// MMOB says something else, and finally.
    Conflict,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRow {
    /// MMOB's, as are the others.
    pub id: String,
    pub prod_id: String,
    pub pricing_id: String,
    pub tpp_user_id: String,
    /// The keyed hash of what the user filled in. The input itself is personal and stays with MMOB.
    input: String,
    /// Orders are listed by it.
    pub receipt: ReceiptId,
    pub correlation_id: CorrelationId,
    /// Counts from 1 how often MMOB has asked: an order that needs more information comes again when that is there.
    pub round: u32,
    pub status: OrderStatus,
    pub step: Step,
    /// What MMOB is told, fixed once a round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Outcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decided_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<Manual>,
    /// How often somebody has taken it on in this round.
    pub attempts: u32,
    pub late: bool,
    /// Tells two writes of the same revision apart, where both came from the same one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leased_until: Option<Timestamp>,
    /// Counts writes.
    revision: u32,
    pub created_at: Timestamp,
    /// When this round began.
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(flatten)]
    due: Due,
    pub ttl: i64,
}

impl OrderRow {
    /// What the list of orders is called that wait for a time.
    pub const DUE: &str = "ORDER";
    /// And of those that wait for an operator.
    pub const MANUAL: &str = "MANUAL";

    pub fn receive(facts: &Facts, redactor: &Redactor, correlation: CorrelationId, now: Timestamp) -> Self {
        let mut row = Self {
            id: facts.id.clone(),
            prod_id: facts.prod_id.clone(),
            pricing_id: facts.pricing_id.clone(),
            tpp_user_id: facts.tpp_user_id.clone(),
            input: redactor.digest(&facts.input()),
            receipt: ReceiptId::new(now),
            correlation_id: correlation,
            round: 0,
            status: OrderStatus::Pending,
            step: Step::Received,
            decision: None,
            decided_at: None,
            manual: None,
            attempts: 0,
            late: false,
            owner: None,
            leased_until: None,
            revision: 0,
            created_at: now,
            received_at: now,
            updated_at: now,
            due: Due::default(),
            ttl: 0,
        };
        row.begin(now);
        row
    }

    pub fn key(env: &Env, id: &str) -> Result<Key> {
        Ok(Key::new(env.table()?, format!("ORDER#{id}"), Some("ORDER")))
    }

    pub async fn load(env: &Env, id: &str) -> Result<Option<Self>> {
        env.read(&Self::key(env, id)?).await
    }

    /// The first write of this row.
    pub fn create(&self, env: &Env) -> Result<Write> {
        Write::put(Self::key(env, &self.id)?, self, When::Absent)
    }

    /// The write that replaces the revision this row was read or written as.
    pub fn replace(&mut self, env: &Env, now: Timestamp) -> Result<Write> {
        let before = self.revision;
        self.revision += 1;
        self.updated_at = now;
        Write::put(Self::key(env, &self.id)?, self, When::number("revision", before.into()))
    }

    /// What lists it. It may be written again.
    pub fn entry(&self, env: &Env) -> Result<Item> {
        let key = Self::key(env, &self.id)?;
        let list = month_of(LIST, self.receipt.as_uuid());
        Entry::item(&list, *self.receipt.as_uuid(), &key, self.ttl)
    }

    fn begin(&mut self, now: Timestamp) {
        self.round += 1;
        self.status = OrderStatus::Pending;
        self.step = Step::Received;
        self.decision = None;
        self.decided_at = None;
        self.manual = None;
        self.attempts = 0;
        self.late = false;
        self.received_at = now;
        self.ttl = now.as_second().saturating_add(KEPT);
        self.look_again(now, PATIENCE);
    }

    fn look_again(&mut self, now: Timestamp, after: SignedDuration) {
        self.due = Due::at(Self::DUE, now.checked_add(after).ok());
    }

    /// Whether MMOB has said all of this before.
    pub fn is_told(&self, facts: &Self) -> bool {
        self.is_about(facts) && self.input == facts.input
    }

    fn is_about(&self, other: &Self) -> bool {
        let names = |row: &Self| [row.prod_id.clone(), row.pricing_id.clone(), row.tpp_user_id.clone()];
        self.id == other.id && names(self) == names(other)
    }

    /// Begins another round with what `told` brings, where that may be: MMOB has asked the user for more, and here it is.
    /// Whoever is still telling MMOB so keeps the row until their lease is over.
    pub fn begin_again(&mut self, told: &Self, now: Timestamp) -> bool {
        let wanted = self.status == OrderStatus::NeedMoreInfo && self.is_about(told);
        if wanted {
            self.input.clone_from(&told.input);
            self.correlation_id = told.correlation_id;
            self.begin(now);
        }
        wanted
    }

    /// Whether there is something to do that needs no operator.
    pub fn is_unfinished(&self) -> bool {
        self.step != Step::Told && self.manual.is_none()
    }

    /// Whether it waits to be looked at, and nobody is at work on it.
    pub fn is_left_lying(&self, now: Timestamp) -> bool {
        self.is_unfinished() && !self.is_leased(now) && self.due.has_come(now)
    }

    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.leased_until.is_some_and(|end| now < end)
    }

    pub fn deadline(&self) -> Timestamp {
        self.received_at.saturating_add(WINDOW).unwrap_or(Timestamp::MAX)
    }

    fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.received_at)
    }

    /// Whether it has become late just now.
    pub fn grows_late(&mut self, now: Timestamp) -> bool {
        let becomes = !self.late && self.is_unfinished() && self.age(now) >= LATE;
        self.late |= becomes;
        becomes
    }

    /// Why nobody tries any longer.
    pub fn given_up(&self, now: Timestamp) -> Option<Manual> {
        match self.decided_at {
            Some(decided) => (now.duration_since(decided) > TELLING).then_some(Manual::Untold),
            None => (self.age(now) > LONGEST || self.attempts >= ATTEMPTS).then_some(Manual::Undecided),
        }
    }

    /// Takes it on: for as long as a worker can live it is nobody else's.
    pub fn claim(&mut self, now: Timestamp) {
        self.attempts += 1;
        self.owner = Some(Uuid::new_v4());
        self.leased_until = now.checked_add(LEASE).ok();
        self.look_again(now, PATIENCE);
    }

    /// Was sent on its way again.
    pub fn sent_on(&mut self, now: Timestamp) {
        self.look_again(now, WINDOW);
    }

    /// The id under which the provider is asked: the same however often, and another one in another round. No order's id
    /// has a colon.
    pub fn callback_id(&self) -> String {
        match self.round {
            1 => self.id.clone(),
            round => format!("{}:{round}", self.id),
        }
    }

    /// Fixes what becomes of it.
    pub fn decide(&mut self, outcome: Outcome, now: Timestamp) {
        self.status = outcome.status;
        self.decision = Some(outcome);
        self.decided_at = Some(now);
        self.step = Step::Decided;
    }

    /// MMOB knows: nothing is left to do.
    pub fn told(&mut self) {
        self.step = Step::Told;
        self.rest();
    }

    /// From here on it is an operator's.
    pub fn hand_over(&mut self, why: Manual, now: Timestamp) {
        self.manual = Some(why);
        self.rest();
        self.due = Due::at(Self::MANUAL, Some(now));
    }

    fn rest(&mut self) {
        self.owner = None;
        self.leased_until = None;
        self.due = Due::default();
    }

    /// An operator's decision, to be told as any other. What is final stays. Whoever is at work on it keeps their lease, and
    /// finds that they can write nothing.
    pub fn resolve(&mut self, outcome: Outcome, now: Timestamp) -> Result<()> {
        if self.status.is_final() {
            return Err(Error::new(Kind::Conflict, "The order is final."));
        }
        self.decide(outcome, now);
        self.manual = None;
        self.look_again(now, PATIENCE);
        Ok(())
    }
}
