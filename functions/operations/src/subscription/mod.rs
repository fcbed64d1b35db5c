//! Subscriptions: who is told about which events, and where.

pub mod create;
pub mod delete;
pub mod list;
mod row;

#[cfg(test)]
mod tests;

pub use row::{SubscriptionRow, SubscriptionStatus, SubscriptionView};
