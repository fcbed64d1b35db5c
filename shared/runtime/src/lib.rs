//! The world: what wakes a function, what it answers, and every port to the outside.
//!
//! An entry point names a verb and a handler. [`http`] answers API Gateway, [`webhook`] a partner's news, [`queue`] works
//! through SQS batches, [`schedule`] does what the clock asks for.

pub mod auth;
mod aws;
pub mod blob;
pub mod bus;
pub mod clock;
pub mod config;
mod crypto;
pub mod cx;
pub mod document;
pub mod domain;
pub mod due;
mod envelope;
mod form;
pub mod gateway;
mod launch;
pub mod listing;
pub mod metric;
pub mod once;
pub mod ports;
pub mod problem;
pub mod queue;
pub mod redact;
pub mod reply;
pub mod schedule;
pub mod secret;
pub mod signature;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod transport;

pub use cx::Cx;
pub use document::{Input, Parts, Raw};
pub use domain::Domain;
pub use envelope::{Listed, Success};
pub use form::{Field, Form};
pub use gateway::{http, webhook};
pub use model::{Error, Kind, Result};
pub use queue::queue;
pub use reply::{Answer, Page, Reply};
pub use schedule::schedule;

/// What an entry point returns.
pub type Exit = std::process::ExitCode;
