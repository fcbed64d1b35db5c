//! `GET /api/integration/deliveries`

use garde::Validate;
use model::Result;
use model::event::EventType;
use model::id::SubscriptionId;
use runtime::http::list::{List, ListParams, Source, page};
use runtime::port::store::typed;
use runtime::{Cx, Domain, Listed};
use serde::Deserialize;
use utoipa::IntoParams;

use super::row::{DeliveryRow, DeliveryStatus, DeliveryView, partitions};
use crate::Env;

#[derive(Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct DeliveryFilter {
    /// Deliveries to one subscription.
    #[garde(skip)]
    subscription_id: Option<SubscriptionId>,
    /// Deliveries in one state.
    #[garde(skip)]
    status: Option<DeliveryStatus>,
    /// Deliveries of one type of event.
    #[garde(skip)]
    event_type: Option<EventType>,
}

impl DeliveryFilter {
    fn wants(&self, row: &DeliveryRow) -> bool {
        self.subscription_id.is_none_or(|id| id == row.subscription_id)
            && self.status.is_none_or(|status| status == row.status)
            && self.event_type.is_none_or(|kind| kind == row.event_type)
    }
}

/// The deliveries of the last 30 days, newest first.
///
/// For staff. A delivery is one event on its way to one subscription, with all its attempts.
#[utoipa::path(
    get,
    path = "/api/integration/deliveries",
    operation_id = "operations-delivery-list",
    params(DeliveryFilter, ListParams),
    responses((status = 200, description = "A page, which may be short", body = Listed<DeliveryView>))
)]
pub async fn list(cx: Cx<Env>, query: List<DeliveryFilter>) -> Result<Listed<DeliveryView>> {
    let source = Source::rows(cx.env.store().as_ref(), cx.env.deliveries()?.name, partitions(cx.now()));
    let page = page(&source, query.params, |item| {
        let row: DeliveryRow = typed(item)?;
        Ok(query.filter.wants(&row).then(|| row.view()))
    });
    Ok(page.await?.listed("Deliveries"))
}
