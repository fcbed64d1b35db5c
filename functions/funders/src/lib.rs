//! Spec 1: quotes and proposals with vehicle funders, and the customers and vehicles they are about.

pub mod customer;
pub mod entry;
mod env;
pub mod event;
pub mod funder;
#[cfg(test)]
mod house;
mod pace;
mod profile;
pub mod proposal;
pub mod quote;
pub mod reconcile;
mod rehearsal;
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
    components(schemas(runtime::listing::Cursor))
)]
pub struct Api;
