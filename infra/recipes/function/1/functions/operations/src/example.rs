//! `GET /api/example`: returns the caller's subject.

use garde::Validate;
use model::Result;
use runtime::Cx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// The request has no parameters.
#[derive(Deserialize, Validate)]
pub struct GetExample {}

/// A caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallerView {
    /// The token's `sub`.
    pub caller: String,
}

/// Returns the caller.
///
/// The hub reads it from the token.
#[utoipa::path(
    get,
    path = "/api/example",
    operation_id = "operations-example",
    responses((status = 200, description = "The caller", body = CallerView))
)]
pub async fn example(cx: Cx<Env>, _: GetExample) -> Result<CallerView> {
    Ok(CallerView {
        caller: cx.caller.subject.clone(),
    })
}

#[cfg(test)]
mod tests;
