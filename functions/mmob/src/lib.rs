//! Spec 5: the marketplace MMOB, for which the hub is the provider. It takes MMOB's orders and offers products there.

pub mod entry;
mod env;
pub mod erasure;
#[cfg(test)]
mod examples;
pub mod order;
pub mod product;
#[cfg(test)]
mod testing;
mod token;

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
    components(schemas(runtime::http::list::Cursor, order::OrderEvent, model::order::OrderOutcome))
)]
pub struct Api;
