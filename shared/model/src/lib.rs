//! The words of the business: errors, ids, JSON, money, currencies, people, vehicles, quotes, proposals, orders, products, instants.
//! No I/O, no async.

pub mod currency;
pub mod email;
pub mod error;
pub mod event;
pub mod file;
pub mod id;
pub mod json;
pub mod money;
pub mod order;
pub mod partner;
pub mod person;
pub mod product;
pub mod proposal;
pub mod quote;
pub mod text;
pub mod time;
pub mod vehicle;

pub use error::{Error, Kind, Result};
