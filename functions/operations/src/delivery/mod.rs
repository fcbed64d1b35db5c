//! Deliveries: one event on its way to one subscription.

mod attempt;
mod fan_out;
pub mod list;
pub mod replay;
mod row;
mod schedule;
pub mod send;

#[cfg(test)]
mod tests;

pub use row::{DeliveryStatus, DeliveryView};
