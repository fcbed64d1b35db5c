//! Erasures: requests to delete what the hub has stored about a person or a case, and how far they are. The workers of the
//! domains carry them out.

pub mod create;
pub mod get;
#[cfg(test)]
mod tests;
mod view;
