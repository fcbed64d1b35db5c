//! Proposals: putting a quote to its funder once and never twice, and what the funder decides.

mod applied;
pub mod documents;
pub mod generate;
pub mod get;
pub mod list;
mod outcome;
mod row;
pub mod status;
pub mod submit;
mod view;

#[cfg(test)]
mod tests;

pub use applied::{apply, decision, usable};
pub use outcome::follow_up;
pub use row::{ProposalRow, Stage};
pub use view::ProposalView;
