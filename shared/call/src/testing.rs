//! What the tests of every adapter share.
//!
//! [`check`] is the behaviour suite. A group describes each of its adapters as a [`SuiteMember`] with a list of [`Operation`]s.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "only tests use it"
)]

mod answers;
mod document;
mod fixtures;
mod logged;
mod member;
mod personal;
mod sent;
mod suite;

pub use answers::answer;
pub use document::{Place, places};
pub use fixtures::Fixtures;
pub use member::{Operation, Reading, SuiteMember};
pub use sent::assert_sends;
pub use suite::{HOSTILE_IDS, check};
