//! Spec 1: quotes from vehicle funders.

pub mod entry;
mod env;
mod envelope;
pub mod quote;

use utoipa::OpenApi;

pub use env::Env;
pub use envelope::Success;

/// This domain's part of the hub's API document.
#[derive(OpenApi)]
#[openapi(paths(quote::generate::generate, quote::status::status))]
pub struct Api;
