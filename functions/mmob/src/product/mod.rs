//! Products that the hub offers at MMOB, their prices, and how their orders are fulfilled.

mod client;
pub mod create;
pub mod list;
mod marker;
mod offer;
pub mod price;
mod row;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub use row::seal;
pub use row::{Fulfilment, ProductRow, open};
