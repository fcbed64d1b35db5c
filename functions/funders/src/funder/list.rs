//! `GET /api/integration/funders` and `GET /api/funders`

use futures_util::future::join_all;
use model::Result;
use model::partner::FUNDERS;
use model::quote::{Environment, QuoteType};
use partners_funders::{Funder, funder};
use runtime::http::list::NoFilter;
use runtime::transport::{RecentCalls, Target};
use runtime::{Cx, Domain, Success};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Env;

/// A funder and its products.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunderView {
    /// The name to use in requests.
    pub name: &'static str,
    /// The same as `name`.
    pub code: &'static str,
    /// The name for people.
    pub display_name: &'static str,
    /// The environments that are open here.
    pub environments: Vec<EnvironmentView>,
    /// The contracts that it prices.
    pub quote_types: Vec<QuoteType>,
    /// The contracts for which it takes proposals.
    pub proposal_types: Vec<QuoteType>,
}

/// An open environment of a funder.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentView {
    /// The name to use in requests.
    pub name: Environment,
    /// From the calls of the last hour. Listing calls no funder.
    pub health: RecentCalls,
}

/// Every funder and its products.
///
/// Requests name a funder and one of its environments. Their health is that of the last hour's calls.
#[utoipa::path(
    get,
    path = "/api/integration/funders",
    operation_id = "funders-funder-list",
    responses((status = 200, description = "The funders", body = Success<Vec<FunderView>>))
)]
pub async fn list(cx: Cx<Env>, _: NoFilter) -> Result<Success<Vec<FunderView>>> {
    let funders = FUNDERS.iter().filter_map(|name| funder(name));
    let views = join_all(funders.map(|funder| view(&cx, funder))).await;
    Ok(Success::new(views, "Available funders"))
}

/// The funders, under a second path.
///
/// The response is that of `GET /api/integration/funders`.
#[utoipa::path(
    get,
    path = "/api/funders",
    operation_id = "funders-funder-list-api",
    responses((status = 200, description = "The funders", body = Success<Vec<FunderView>>))
)]
pub fn api_list() {}

async fn view(cx: &Cx<Env>, funder: &'static dyn Funder) -> FunderView {
    let open = cx.env.open(funder);
    FunderView {
        name: funder.name(),
        code: funder.name(),
        display_name: funder.display_name(),
        environments: join_all(open.into_iter().map(|(name, target)| environment(cx, name, target))).await,
        quote_types: funder.quote_types().to_vec(),
        proposal_types: funder.proposal_types().to_vec(),
    }
}

async fn environment(cx: &Cx<Env>, name: Environment, target: Target) -> EnvironmentView {
    let (store, table) = (cx.env.store().as_ref(), cx.env.log_table().ok());
    let health = cx
        .env
        .health
        .health(store, table, target.partner, &target.environment, cx.now());
    let health = health.await;
    EnvironmentView { name, health }
}
