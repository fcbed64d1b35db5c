//! `GET /api/integration/quotes/{quoteId}/status`

use garde::Validate;
use model::Result;
use model::id::QuoteId;
use runtime::{Cx, Success};
use serde::Deserialize;

use super::row::QuoteRow;
use super::view::QuoteView;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct GetQuoteStatus {
    #[garde(skip)]
    quote_id: QuoteId,
}

/// The status of a quote.
///
/// Ask again while it is PENDING: a worker asks the funder in the background. Callers see their own quotes; staff see all.
#[utoipa::path(
    get,
    path = "/api/integration/quotes/{quoteId}/status",
    operation_id = "funders-quote-status",
    params(("quoteId" = QuoteId, Path, description = "The quote's id")),
    responses(
        (status = 200, description = "The quote as it is now", body = Success<QuoteView>),
        (status = 404, description = "Absent, or another caller's"),
    )
)]
pub async fn status(cx: Cx<Env>, input: GetQuoteStatus) -> Result<Success<QuoteView>> {
    let row = QuoteRow::visible(&cx, input.quote_id).await?;
    Ok(Success::new(QuoteView::of_row(&row, cx.now())?, "Quote status"))
}
