//! `GET /api/integration/subscriptions`

use model::Result;
use runtime::http::list::{List, ListParams, NoFilter, Source, page};
use runtime::port::store::typed;
use runtime::{Cx, Domain, Listed};

use super::row::{PARTITION, SubscriptionRow, SubscriptionView};
use crate::Env;

/// The subscriptions, newest first.
///
/// For admins. The secrets are not shown.
#[utoipa::path(
    get,
    path = "/api/integration/subscriptions",
    operation_id = "operations-subscription-list",
    params(ListParams),
    responses((status = 200, description = "A page, which may be short, without secrets", body = Listed<SubscriptionView>))
)]
pub async fn list(cx: Cx<Env>, query: List<NoFilter>) -> Result<Listed<SubscriptionView>> {
    let partitions = vec![PARTITION.to_owned()];
    let source = Source::rows(cx.env.store().as_ref(), cx.env.subscriptions()?.name, partitions);
    let page = page(&source, query.params, |item| {
        let row: SubscriptionRow = typed(item)?;
        Ok((!row.is_deleted()).then(|| row.view()))
    });
    Ok(page.await?.listed("Subscriptions"))
}
