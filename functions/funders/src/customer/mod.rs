//! Customers, by e-mail address.

mod access;
pub mod get;
pub mod list;
pub mod proposals;
pub mod quotes;
mod row;

#[cfg(test)]
mod tests;

pub use row::{LIST, address_of, key, proposals_of, quotes_of};
