//! Orders. The webhook stores an order and enqueues it, the worker fulfils it and reports to MMOB, and the sweep finds orders
//! that stopped on the way.

mod client;
mod details;
pub mod get;
pub mod list;
pub mod process;
mod provider;
pub mod resolve;
mod row;
pub mod sweep;
#[cfg(test)]
pub mod tests;
mod view;
pub mod webhook;

pub use provider::OrderEvent;
pub use row::OrderRow;
