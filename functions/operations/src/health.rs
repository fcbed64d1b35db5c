//! `GET /health` and `GET /api/health`: whether the hub is up and its partners answer.

use futures_util::future::join_all;
use garde::Validate;
use jiff::Timestamp;
use model::Result;
use runtime::{Cx, Domain, transport};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;
use crate::log::lane::Lane;

/// The request has no parameters.
#[derive(Deserialize, Validate)]
pub struct GetHealth {}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok` while this function can answer at all.
    pub status: &'static str,
    pub version: &'static str,
    /// The partners that quote and finance.
    pub funders: Vec<PartnerHealth>,
    /// Every partner, funders included.
    pub partners: Vec<PartnerHealth>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerHealth {
    pub name: &'static str,
    pub environment: &'static str,
    #[serde(flatten)]
    pub health: transport::RecentCalls,
}

/// Whether the hub is up and its partners answer.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "operations-health",
    tag = "operations",
    responses((status = 200, description = "The hub answers", body = Health))
)]
pub async fn health(cx: Cx<Env>, _: GetHealth) -> Result<Health> {
    let lanes = Lane::all();
    let partners = join_all(lanes.iter().map(|lane| read(&cx.env, *lane, cx.now()))).await;
    let funders = lanes.iter().zip(&partners).filter(|(lane, _)| lane.is_funder());
    Ok(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        funders: funders.map(|(_, health)| health.clone()).collect(),
        partners,
    })
}

/// The same under the path of spec 1.
#[utoipa::path(
    get,
    path = "/api/health",
    operation_id = "operations-health-api",
    tag = "operations",
    responses((status = 200, description = "The hub answers", body = Health))
)]
pub fn api_health() {}

async fn read(env: &Env, lane: Lane, now: Timestamp) -> PartnerHealth {
    let (store, log) = (env.store().as_ref(), env.common.config.get("INTEGRATION_LOG_TABLE"));
    PartnerHealth {
        name: lane.partner,
        environment: lane.environment,
        health: transport::health(store, log, lane.partner, lane.environment, now).await,
    }
}

#[cfg(test)]
mod tests;
