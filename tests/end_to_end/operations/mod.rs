//! What operators and subscribers see.

mod logs;
mod subscriptions;
