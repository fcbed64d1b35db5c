//! The deployed template over real HTTP, with a real queue and real tables, against the simulated funder.

mod failures;
mod hostile;
mod operators;
mod quotes;
mod triggers;
mod webhooks;
