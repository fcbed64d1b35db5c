//! Quotes: asking a funder for a price, and looking at what came of it.

pub mod generate;
mod pricing;
pub mod retry;
mod row;
pub mod status;
mod view;

#[cfg(test)]
mod tests;

pub use view::QuoteView;
