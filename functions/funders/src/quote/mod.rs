//! Quotes: asking a funder for a price, and looking at the result.

pub mod generate;
pub mod get;
pub mod list;
pub mod outcome;
mod pricing;
mod reply;
pub mod retry;
mod row;
pub mod status;
mod view;

#[cfg(test)]
mod tests;

pub use row::{QuoteRow, StoredFailure};
pub use view::{FailureView, QuoteView};
