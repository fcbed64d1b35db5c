//! `POST /v1/bqs-case/case/{sequence}/score-customer`

use model::Result;
use runtime::Cx;
use runtime::http::reply::Rendered;

use super::row::Run;
use super::running::start;
use super::schema::{OrganisationToScore, SCORE};
use crate::Env;
use crate::body::JsonBody;

/// Starts the scoring of a customer.
///
/// One runs at a time for each case and organisation. While it runs, the hub accepts a further request and starts nothing.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/case/{sequence}/score-customer",
    operation_id = "bqs-case-score",
    request_body = OrganisationToScore,
    params(("sequence" = u64, Path, description = "The case's number", minimum = 1, maximum = 999_999_999_999_999_i64)),
    responses(
        (status = 202, description = "Accepted"),
        (status = 403, description = "Another channel's case, or one whose dealer the channel no longer handles"),
        (status = 404, description = "No such case for this channel"),
        (status = 409, description = "Other requests changed the case first"),
        (status = 429, description = "Too much is running for this case"),
    )
)]
pub async fn score(cx: Cx<Env>, body: JsonBody) -> Result<Rendered> {
    start(&cx, &body, &SCORE, Run::Score).await
}
