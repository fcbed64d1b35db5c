//! Quotes and proposals, from the request to the rows they leave, and everything around them.

mod bad_requests;
mod dead_letters;
mod failures;
mod lists;
pub mod proposals;
mod quotes;
mod scanner;
