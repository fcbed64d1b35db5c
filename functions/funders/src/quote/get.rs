//! `GET /api/quotes/{quoteId}`

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
pub struct GetQuote {
    #[garde(skip)]
    quote_id: QuoteId,
}

/// A quote.
///
/// Callers see their own quotes; staff see all.
#[utoipa::path(
    get,
    path = "/api/quotes/{quoteId}",
    operation_id = "funders-quote-get",
    params(("quoteId" = QuoteId, Path, description = "The quote's id")),
    responses(
        (status = 200, description = "The quote as it is now", body = Success<QuoteView>),
        (status = 404, description = "Absent, or another caller's"),
    )
)]
pub async fn get(cx: Cx<Env>, input: GetQuote) -> Result<Success<QuoteView>> {
    let row = QuoteRow::visible(&cx, input.quote_id).await?;
    Ok(Success::new(QuoteView::of_row(&row, cx.now())?, "Quote"))
}
