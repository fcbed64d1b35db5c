//! An order, its status and its history.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::product::Price;
use crate::delivery::Delivery;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderStatus {
    Pending,
    #[serde(rename = "Need_more_info")]
    NeedMoreInfo,
    Succesful,
    Failed,
}

impl OrderStatus {
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succesful | Self::Failed)
    }
}

/// The product, price and input of an order, and the user who placed it.
#[derive(Clone)]
pub struct Placement {
    pub product: String,
    pub price: String,
    pub user: String,
    pub input: Map<String, Value>,
}

pub struct OrderUpdate {
    pub status: OrderStatus,
    pub output: BTreeMap<String, String>,
}

pub struct Order {
    id: String,
    placement: Placement,
    pub status: OrderStatus,
    output: BTreeMap<String, String>,
    updated: Option<Timestamp>,
    pub history: OrderHistory,
}

/// The events of an order, for its report.
pub struct OrderHistory {
    pub placed: Timestamp,
    /// Every change of status and its time.
    pub changes: Vec<(Timestamp, OrderStatus)>,
    /// The number of updates, and of those that repeated the current status and output.
    pub updates: u32,
    pub repeats: u32,
    /// The number of updates that would have replaced a final status.
    pub conflicts: u32,
    /// The result of each webhook and the time at which it was sent.
    pub webhooks: Vec<(Timestamp, Delivery)>,
    /// The time at which the first webhook was sent.
    pub posted: Option<Timestamp>,
}

impl OrderHistory {
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

impl Order {
    pub fn new(id: String, placement: Placement, now: Timestamp) -> Self {
        Self {
            id,
            placement,
            status: OrderStatus::Pending,
            output: BTreeMap::new(),
            updated: None,
            history: OrderHistory::new(now),
        }
    }

    /// The id of the order's price.
    pub fn price_id(&self) -> &str {
        &self.placement.price
    }

    /// Returns false if the order keeps another final status.
    pub fn update(&mut self, update: OrderUpdate, now: Timestamp) -> bool {
        let same = self.status == update.status && self.output == update.output;
        if self.status.is_final() && !same {
            self.history.conflicts += 1;
            return false;
        }
        self.history.updates += 1;
        if same {
            self.history.repeats += 1;
        } else {
            self.history.changes.push((now, update.status));
            (self.status, self.output, self.updated) = (update.status, update.output, Some(now));
        }
        true
    }

    /// Replaces the input, as when the user fills in more fields.
    pub fn fill_in(&mut self, input: Map<String, Value>) {
        self.placement.input = input;
    }

    pub fn document(&self, price: Option<&Price>) -> Value {
        json!({
            "id": self.id,
            "status": self.status,
            "prod_id": self.placement.product,
            "pricing_id": self.placement.price,
            "tpp_id": "tpp_simulated",
            "tpp_user_id": self.placement.user,
            "user_id": self.placement.user.replace("tus_", "usr_"),
            "root_quote_id": null,
            "input": self.placement.input,
            "output": self.output,
            "meta": {},
            "value": price.map(|price| price.new.amount),
            "currency": price.map(|price| &price.new.currency),
            "product": null,
            "created": self.history.placed.to_string(),
            "updated": self.updated.map(|at| at.to_string()),
        })
    }
}
