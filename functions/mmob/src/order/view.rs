//! An order as operators see it.

use model::id::CorrelationId;
use model::order::{OrderOutcome, OrderStatus};
use model::time::UtcTime;
use serde::Serialize;
use utoipa::ToSchema;

use super::row::{Manual, OrderRow, OrderStep};

/// An order, as operators see it. Times are the hub's.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderView {
    /// MMOB's id, as are the next three.
    pub id: String,
    /// The product.
    pub prod_id: String,
    /// The price that the user chose.
    pub pricing_id: String,
    /// The user who placed it.
    pub tpp_user_id: String,
    /// The status at MMOB, as far as the hub knows.
    pub status: OrderStatus,
    /// Its progress in the hub.
    pub step: OrderStep,
    /// The decision that the worker reports to MMOB, once the order is decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<OrderOutcome>,
    /// When the order was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<UtcTime>,
    /// The operator who decided: the `sub` of the token. Absent if the product's fulfilment decided, or MMOB's dashboard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// Why it waits for an operator, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manual: Option<Manual>,
    /// Whether it missed its user's minute.
    pub late: bool,
    /// The number of times that workers leased it in this round.
    pub attempts: u32,
    /// 1, plus one each time the user gives missing information.
    pub round: u32,
    /// The end of its user's minute.
    pub deadline: UtcTime,
    /// The correlation id of MMOB's post that began this round and of every call that workers made for it.
    pub correlation_id: CorrelationId,
    /// When this round began.
    pub received_at: UtcTime,
    /// When MMOB first posted it.
    pub created_at: UtcTime,
    /// When it last changed.
    pub updated_at: UtcTime,
}

impl OrderView {
    pub fn of(row: &OrderRow) -> Self {
        Self {
            id: row.id.clone(),
            prod_id: row.prod_id.clone(),
            pricing_id: row.pricing_id.clone(),
            tpp_user_id: row.tpp_user_id.clone(),
            status: row.status,
            step: row.step,
            decision: row.decision.clone(),
            decided_at: row.decided_at.map(UtcTime),
            decided_by: row.decided_by.clone(),
            manual: row.manual,
            late: row.late,
            attempts: row.attempts,
            round: row.round,
            deadline: row.deadline().into(),
            correlation_id: row.correlation_id,
            received_at: row.received_at.into(),
            created_at: row.created_at.into(),
            updated_at: row.version.updated_at().into(),
        }
    }
}
