//! The integration log as operators read it: row by row, and in numbers.

mod conclusions;
#[cfg(test)]
pub mod fixtures;
pub mod lane;
pub mod list;
pub mod metrics;
mod period;
mod position;
mod reader;
mod subject;

#[cfg(test)]
mod tests;
