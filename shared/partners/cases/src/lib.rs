//! Case system adapters: the changes that each is sent and how its answers are read. Values only; nothing here does I/O.

mod bqs;
mod case_system;

pub use bqs::Bqs;
pub use case_system::{CaseSystem, Change, Upload, UpstreamAnswer};

#[cfg(test)]
mod behaviour;
