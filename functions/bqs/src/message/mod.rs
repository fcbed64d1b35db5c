//! Messages about cases: the case system and other senders write them, dealers read them.

mod arrivals;
pub mod create;
mod head;
pub mod list;
mod moment;
mod relink;
mod row;
pub mod schema;

#[cfg(test)]
mod tests;

pub use relink::{pauses, relink};
