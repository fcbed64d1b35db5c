//! `GET /api/integration/quotes/{quoteId}/status`

use garde::Validate;
use model::Result;
use model::id::QuoteId;
use runtime::problem::Problem;
use runtime::{Cx, Success};
use serde::Deserialize;

use super::row::QuoteRow;
use super::view::QuoteView;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    #[garde(skip)]
    quote_id: QuoteId,
}

/// What became of a quote.
#[utoipa::path(
    get,
    path = "/api/integration/quotes/{quoteId}/status",
    operation_id = "funders-quote-status",
    tag = "funders",
    params(("quoteId" = QuoteId, Path, description = "The quote's id")),
    responses(
        (status = 200, description = "As it stands now", body = Success<QuoteView>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Absent, or somebody else's", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn status(cx: Cx<Env>, which: Which) -> Result<Success<QuoteView>> {
    let own = QuoteRow::visible(&cx, which.quote_id).await?;
    let asked = own.request()?.contract_details;
    Ok(Success::new(QuoteView::of(&own, &asked, cx.now()), "Quote status"))
}
