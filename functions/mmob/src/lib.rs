//! Spec 5: the marketplace MMOB, for which we are the provider: its orders, and our products there.

pub mod entry;
mod env;
#[cfg(test)]
mod house;
pub mod order;
pub mod product;

use utoipa::OpenApi;

pub use env::Env;

/// This domain's part of the hub's API document.
#[derive(OpenApi)]
#[openapi(
    paths(
        order::webhook::webhook,
        order::list::list,
        order::get::get,
        order::resolve::resolve,
        product::create::create,
        product::list::list,
        product::price::create
    ),
    components(schemas(runtime::listing::Cursor))
)]
pub struct Api;
