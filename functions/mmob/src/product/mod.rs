//! Products: ours at MMOB, what they cost, and what is to be done when one is ordered.

mod ask;
pub mod create;
pub mod list;
mod offer;
pub mod price;
mod row;
mod sent;
#[cfg(test)]
mod tests;

pub use row::{Fulfilment, ProductRow};
