//! Messages about cases: the case system and other senders write them, dealers read them.

mod arrivals;
pub mod create;
mod erasable;
mod head;
pub mod list;
pub mod moment;
mod relink;
mod row;
pub mod schema;

#[cfg(test)]
mod tests;

pub use erasable::{all_of, one_of};
pub use relink::relink;
pub use row::{CaseNumber, MessageRow};
