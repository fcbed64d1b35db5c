//! Tests that need more than one crate: names, routes, the API document, the store, and the deployed stack end to end.
//!
//! `cargo xtask test` starts a temporary stack and names its description in `TRUNKLINE_STACK`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this package has only tests and their helpers"
)]

mod aws;
mod channel;
mod declared;
mod docs;
mod encryption;
mod end_to_end;
mod environment;
mod leaks;
mod lock;
mod metrics;
mod names;
mod openapi;
mod paused;
mod pins;
mod policies;
mod quote;
mod reserve;
mod retained;
mod retention;
mod routes;
mod settings;
mod stack;
mod stacks;
mod state;
mod store;
mod surface;
mod template;
mod unchanged;
