//! Subscriptions: which receiver gets which events.

pub mod create;
pub mod delete;
pub mod list;
mod row;

#[cfg(test)]
mod tests;

pub use row::SubscriptionRow;
