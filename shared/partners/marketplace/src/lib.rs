//! Marketplace adapters: orders, products and prices. Values only; nothing here does I/O.

mod marketplace;
mod mmob;

pub use marketplace::{Marketplace, ProductPage};
pub use mmob::{Mmob, PRICE_PATH};

#[cfg(test)]
mod behaviour;
