//! `GET /api/integration/subscriptions`

use model::Result;
use runtime::http::list::{List, ListParams, NoFilter, Source, page};
use runtime::port::store::typed;
use runtime::{Cx, Domain};
use serde::Serialize;
use utoipa::ToSchema;

use super::row::{PARTITION, SubscriptionRow, SubscriptionView};
use crate::Env;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionList {
    subscriptions: Vec<SubscriptionView>,
    /// The `cursor` of the next page. Null at the end; a page may be short, or empty, before that.
    next_cursor: Option<String>,
}

/// The subscriptions, newest first.
#[utoipa::path(
    get,
    path = "/api/integration/subscriptions",
    operation_id = "operations-subscription-list",
    tag = "operations",
    params(ListParams),
    responses((status = 200, description = "A page, possibly short, without secrets", body = SubscriptionList))
)]
pub async fn list(cx: Cx<Env>, query: List<NoFilter>) -> Result<SubscriptionList> {
    let partitions = vec![PARTITION.to_owned()];
    let source = Source::rows(cx.env.store().as_ref(), cx.env.subscriptions()?.name, partitions);
    let page = page(&source, query.params, |item| {
        let row: SubscriptionRow = typed(item)?;
        Ok((!row.is_deleted()).then(|| row.view()))
    });
    let page = page.await?;
    Ok(SubscriptionList {
        subscriptions: page.rows,
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    })
}
