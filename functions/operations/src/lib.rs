//! The hub about itself: its health, its log of partner calls, and what it says to requests that mean nothing.

pub mod entry;
mod env;
pub mod fallback;
pub mod health;
pub mod log;

use utoipa::OpenApi;

pub use env::Env;

/// This domain's part of the hub's API document.
#[derive(OpenApi)]
#[openapi(paths(health::health, health::api_health, log::list::logs, log::metrics::metrics))]
pub struct Api;
