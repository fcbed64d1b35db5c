//! The hub's own operations: health, API document, log of partner calls, requests without a route, and event subscriptions.

pub mod delivery;
pub mod docs;
pub mod entry;
mod env;
pub mod erasure;
#[cfg(test)]
mod examples;
pub mod fallback;
pub mod health;
pub mod log;
pub mod subscription;
#[cfg(test)]
mod testing;

use utoipa::OpenApi;

pub use env::Env;

/// This domain's part of the hub's API document.
#[derive(OpenApi)]
#[openapi(
    components(schemas(delivery::EventPayload)),
    paths(
        health::health,
        health::api_health,
        health::head,
        health::api_head,
        log::list::logs,
        log::metrics::metrics,
        docs::docs,
        docs::document,
        docs::head,
        docs::document_head,
        docs::asset,
        subscription::create::create,
        subscription::list::list,
        subscription::delete::delete,
        delivery::list::list,
        delivery::replay::replay,
        erasure::create::create,
        erasure::get::get
    )
)]
pub struct Api;
