//! `GET /api/integration/funders` and `GET /api/funders`

use futures_util::future::join_all;
use garde::Validate;
use model::Result;
use model::quote::{Environment, QuoteType};
use partners::{FUNDERS, Funder, funder};
use runtime::problem::Problem;
use runtime::transport::{Health, health};
use runtime::{Cx, Domain, Success};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// Nothing is asked.
#[derive(Deserialize, Validate)]
pub struct Nothing {}

/// What a funder can do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunderView {
    /// What requests call it.
    pub name: &'static str,
    pub code: &'static str,
    pub display_name: &'static str,
    /// Those that can be asked here.
    pub environments: Vec<EnvironmentView>,
    pub quote_types: Vec<QuoteType>,
    pub proposal_types: Vec<QuoteType>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentView {
    pub name: Environment,
    /// From the calls of the last hour; nobody is called for this.
    pub health: Health,
}

/// Every funder, and what it can do.
#[utoipa::path(
    get,
    path = "/api/integration/funders",
    operation_id = "funders-funder-list",
    tag = "funders",
    responses(
        (status = 200, description = "The funders", body = Success<Vec<FunderView>>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn list(cx: Cx<Env>, _: Nothing) -> Result<Success<Vec<FunderView>>> {
    let funders = FUNDERS.iter().filter_map(|name| funder(name));
    let views = join_all(funders.map(|funder| view(&cx, funder))).await;
    Ok(Success::new(views, "Available funders"))
}

/// The same under another path of spec 1.
#[utoipa::path(
    get,
    path = "/api/funders",
    operation_id = "funders-funder-list-api",
    tag = "funders",
    responses(
        (status = 200, description = "The funders", body = Success<Vec<FunderView>>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub fn api_list() {}

async fn view(cx: &Cx<Env>, funder: &'static dyn Funder) -> FunderView {
    let open = [Environment::Sandbox, Environment::Live].into_iter();
    let open = open.filter(|environment| cx.env.target(funder, *environment).is_ok());
    let environments = open.map(|environment| async move {
        let name = environment.to_string();
        let table = cx.env.log_table().ok();
        EnvironmentView {
            name: environment,
            health: health(cx.env.store().as_ref(), table, funder.name(), &name, cx.now()).await,
        }
    });
    FunderView {
        name: funder.name(),
        code: funder.name(),
        display_name: funder.display_name(),
        environments: join_all(environments).await,
        quote_types: funder.quote_types().to_vec(),
        proposal_types: funder.proposal_types().to_vec(),
    }
}
