//! Spec 4: the BQS case API for dealers.

mod body;
pub mod case;
pub mod channel;
mod describe;
pub mod document;
mod domain;
pub mod entry;
mod env;
pub mod erasure;
#[cfg(test)]
mod examples;
pub mod forward;
pub mod management;
pub mod message;
mod retention;
#[cfg(test)]
mod testing;

use utoipa::OpenApi;

pub use env::Env;

/// This domain's part of the hub's API document.
#[derive(OpenApi)]
#[openapi(
    paths(
        case::create::create,
        case::update::update,
        case::get::get,
        case::score::score,
        case::consent::consent,
        management::create::create,
        management::rotate::rotate,
        management::update::update,
        management::get::get,
        management::get::one,
        message::create::create,
        message::list::list,
        document::upload::upload,
        document::presign::presign,
    ),
    components(schemas(forward::CaseEventData))
)]
pub struct Api;
