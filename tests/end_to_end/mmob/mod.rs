//! The marketplace's products and orders.

pub mod market;
mod orders;
mod products;
