//! What starts a function: an HTTP request, a queue's batch or a schedule. What goes around a handler is declared here.

pub mod cx;
pub mod domain;
pub mod function;
pub mod http;
mod launch;
mod log;
pub mod queue;
mod route;
pub mod schedule;

pub use launch::{ANSWER_MARGIN, Exit};
pub use route::{Access, Route};
