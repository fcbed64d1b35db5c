//! What holds between the parts: names, routes, the API document, store behaviour, and the deployed stack end to end.
//!
//! `cargo xtask test` starts a stack of its own and says in `TRUNKLINE_STACK` where its description is.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "all of this is tests, helpers included"
)]

mod channel;
mod end_to_end;
mod leaks;
mod names;
mod openapi;
mod routes;
mod stack;
mod state;
mod store;
mod surface;
mod template;
