//! The hub about itself: its health, its API document, and what it says to requests that mean nothing.

pub mod docs;
pub mod entry;
mod env;
pub mod fallback;
pub mod health;

use utoipa::OpenApi;

pub use env::Env;

/// This domain's part of the hub's API document.
#[derive(OpenApi)]
#[openapi(paths(health::health, health::api_health, docs::docs, docs::document, docs::asset))]
pub struct Api;
