//! The hub about itself: its health, its API document, its log of partner calls, what it says to requests that mean
//! nothing, and who is told what has happened.

pub mod delivery;
pub mod docs;
pub mod entry;
mod env;
pub mod fallback;
pub mod health;
#[cfg(test)]
mod house;
pub mod log;
mod page;
pub mod subscription;

use utoipa::OpenApi;

pub use env::Env;

/// This domain's part of the hub's API document.
#[derive(OpenApi)]
#[openapi(paths(
    health::health,
    health::api_health,
    log::list::logs,
    log::metrics::metrics,
    docs::docs,
    docs::document,
    docs::asset,
    subscription::create::create,
    subscription::list::list,
    subscription::delete::delete,
    delivery::list::list,
    delivery::replay::replay
))]
pub struct Api;
