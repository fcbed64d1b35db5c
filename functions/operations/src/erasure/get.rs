//! `GET /api/integration/erasures/{erasureId}`

use garde::Validate;
use model::id::ErasureId;
use model::{Error, Result};
use runtime::work::erasure::ErasureRow;
use runtime::work::row::Row;
use runtime::{Cx, Success};
use serde::Deserialize;

use super::view::ErasureView;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct GetErasure {
    #[garde(skip)]
    erasure_id: ErasureId,
}

/// The progress of an erasure in each domain. For admins.
///
/// The figures grow until every domain is DONE.
#[utoipa::path(
    get,
    path = "/api/integration/erasures/{erasureId}",
    operation_id = "operations-erasure-get",
    params(("erasureId" = ErasureId, Path, description = "The erasure's id")),
    responses(
        (status = 200, description = "The erasure", body = Success<ErasureView>),
        (status = 404, description = "Absent"),
    )
)]
pub async fn get(cx: Cx<Env>, request: GetErasure) -> Result<Success<ErasureView>> {
    let found = ErasureRow::load(cx.env.erasures()?, &request.erasure_id).await?;
    let row = found.ok_or_else(Error::not_found)?;
    Ok(Success::new(ErasureView::of(&row), "Erasure"))
}
