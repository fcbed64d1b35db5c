//! Deliveries: each sends one event to one subscription.

mod attempt;
mod fan_out;
pub mod list;
mod message;
pub mod replay;
mod row;
mod schedule;
pub mod send;
mod slow;

#[cfg(test)]
mod tests;

pub use fan_out::EventPayload;
