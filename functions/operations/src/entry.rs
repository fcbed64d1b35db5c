//! What each function of this domain runs: its handler and what goes around it. Said here and not in the binaries, so
//! that a handler is compiled once, with its library, and a binary is only linked.

use runtime::{Exit, http};

use crate::{fallback, health, log};

pub fn health() -> Exit {
    http(health::health).public().run()
}

pub fn logs() -> Exit {
    http(log::list::logs).run()
}

pub fn metrics() -> Exit {
    http(log::metrics::metrics).run()
}

pub fn fallback() -> Exit {
    http(fallback::fallback).public().run()
}
