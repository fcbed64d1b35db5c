//! Spec 1: quotes and proposals with vehicle funders, and the customers and vehicles they are about.

mod asked;
mod backoff;
pub mod customer;
mod dry_run;
pub mod entry;
mod env;
pub mod erasure;
pub mod event;
#[cfg(test)]
mod examples;
pub mod funder;
mod profile;
pub mod proposal;
pub mod quote;
pub mod reconcile;
#[cfg(test)]
mod testing;
pub mod vehicle;

use utoipa::OpenApi;

pub use env::Env;

/// This domain's part of the hub's API document.
#[derive(OpenApi)]
#[openapi(
    paths(
        quote::generate::generate,
        quote::status::status,
        quote::list::list,
        quote::get::get,
        proposal::generate::generate,
        proposal::status::status,
        proposal::list::list,
        proposal::get::get,
        funder::list::list,
        funder::list::api_list,
        funder::test::test,
        customer::quotes::quotes,
        customer::proposals::proposals,
        customer::list::list,
        customer::get::get,
        vehicle::list::list,
        vehicle::get::get,
        event::webhook::webhook
    ),
    components(schemas(
        runtime::http::list::Cursor,
        quote::outcome::QuoteEventData,
        proposal::outcome::ProposalEventData
    ))
)]
pub struct Api;
