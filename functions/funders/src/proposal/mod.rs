//! Proposals: sending a quote to its funder at most once, and the funder's decision.

mod clearance;
pub mod decision;
pub mod documents;
pub mod generate;
pub mod get;
pub mod list;
pub mod outcome;
mod row;
pub mod status;
pub mod submit;
mod view;

#[cfg(test)]
mod tests;

pub use row::{Phase, ProposalRow};
pub use view::ProposalView;
