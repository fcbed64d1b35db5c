//! The stubs a function talks to: the Runtime API over plain HTTP, AWS and the funder over TLS.

mod items;
mod runtime_api;
mod server;
mod timeline;
mod write_units;

pub use runtime_api::{Answer, RuntimeApi};
pub use server::Stubs;
