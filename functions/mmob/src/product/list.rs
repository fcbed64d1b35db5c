//! `GET /api/mmob/products`

use model::Result;
use runtime::http::list::{self, List, ListParams, NoFilter, Source};
use runtime::port::store;
use runtime::{Cx, Domain, Listed};

use super::offer::{LIST, OfferRow, ProductView};
use crate::Env;

/// Lists the products that were created through the hub, newest first. For staff.
///
/// Products created at MMOB itself are not listed.
#[utoipa::path(
    get,
    path = "/api/mmob/products",
    operation_id = "mmob-product-list",
    params(ListParams),
    responses((status = 200, description = "A page of products, without secrets", body = Listed<ProductView>))
)]
pub async fn list(cx: Cx<Env>, wanted: List<NoFilter>) -> Result<Listed<ProductView>> {
    let keep = |row| Ok(Some(store::typed::<OfferRow>(row)?.view()));
    let source = Source::entries(cx.env.store().as_ref(), cx.env.table()?.name, vec![LIST.into()]);
    Ok(list::page(&source, wanted.params, keep).await?.listed("Products"))
}
