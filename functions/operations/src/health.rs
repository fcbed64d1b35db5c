//! `GET /health` and `GET /api/health`, and HEAD of both: whether the hub is up and its partners answer.

use futures_util::future::join_all;
use garde::Validate;
use jiff::Timestamp;
use model::Result;
use model::time::UtcTime;
use runtime::http::auth::Right;
use runtime::http::caller::Identity;
use runtime::transport::Connectivity;
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;
use crate::log::lane::Lane;

/// The request has no parameters.
#[derive(Deserialize, Validate)]
pub struct GetHealth {}

/// The health of the hub and its partners.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok` while this function can respond.
    pub status: &'static str,
    /// The hub's version.
    pub version: &'static str,
    /// The partners that quote and finance.
    pub funders: Vec<PartnerHealth>,
    /// Every partner, funders included.
    pub partners: Vec<PartnerHealth>,
}

/// The health of an environment of a partner.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerHealth {
    /// The partner.
    pub name: &'static str,
    /// The partner's environment.
    pub environment: &'static str,
    /// Whether it answers.
    pub connectivity: Connectivity,
    /// The number of calls in the last hour. Only for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<usize>,
    /// The number of those that failed. Only for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<usize>,
    /// Only for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<UtcTime>,
}

/// The hub's health, and its partners' from their recent calls, at most 15 seconds old.
///
/// Public. A token with the role `staff` adds counts and times; any other token changes nothing.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "operations-health",
    responses((status = 200, description = "The hub is up", body = Health))
)]
pub async fn health(cx: Cx<Env>, _: GetHealth) -> Result<Health> {
    let (lanes, staff) = (Lane::all(), is_staff(&cx).await);
    let partners = join_all(lanes.iter().map(|lane| read(&cx.env, *lane, staff, cx.now()))).await;
    let funders = lanes.iter().zip(&partners).filter(|(lane, _)| lane.is_funder());
    Ok(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        funders: funders.map(|(_, health)| health.clone()).collect(),
        partners,
    })
}

/// The hub's health, under a second path.
///
/// The response is that of `GET /health`.
#[utoipa::path(
    get,
    path = "/api/health",
    operation_id = "operations-health-api",
    responses((status = 200, description = "The hub is up", body = Health))
)]
pub fn api_health() {}

/// The hub's health, without a body.
///
/// For a monitor that reads the status only.
#[utoipa::path(
    head,
    path = "/health",
    operation_id = "operations-health-head",
    responses((status = 200, description = "The hub is up, without a body"))
)]
pub fn head() {}

/// The hub's health without a body, under a second path.
///
/// For a monitor that reads the status only.
#[utoipa::path(
    head,
    path = "/api/health",
    operation_id = "operations-health-api-head",
    responses((status = 200, description = "The hub is up, without a body"))
)]
pub fn api_head() {}

async fn is_staff(cx: &Cx<Env>) -> bool {
    let caller = cx.env.caller(&cx.headers, cx.now()).await;
    caller.is_ok_and(|caller| caller.holds(Right::Staff))
}

async fn read(env: &Env, lane: Lane, staff: bool, now: Timestamp) -> PartnerHealth {
    let (store, log) = (env.store().as_ref(), env.common.config.get("INTEGRATION_LOG_TABLE"));
    let read = env.health.health(store, log, lane.partner, lane.environment, now);
    let recent = read.await;
    PartnerHealth {
        name: lane.partner,
        environment: lane.environment,
        connectivity: recent.connectivity,
        calls: staff.then_some(recent.calls),
        failures: staff.then_some(recent.failures),
        last_success_at: recent.last_success_at.filter(|_| staff),
    }
}

#[cfg(test)]
mod tests;
