//! Spec 1: quotes from vehicle funders.

pub mod entry;
mod env;
pub mod quote;

use utoipa::OpenApi;

pub use env::Env;
pub use runtime::Success;

/// This domain's part of the hub's API document.
#[derive(OpenApi)]
#[openapi(paths(quote::generate::generate, quote::status::status))]
pub struct Api;
