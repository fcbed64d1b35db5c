//! What each function of this domain runs: its handler and what goes around it. Said here and not in the binaries, so
//! that a handler is compiled once, with its library, and a binary is only linked.

use runtime::{Exit, http, queue};

use crate::quote;

pub fn quote_generate() -> Exit {
    http(quote::generate::generate).once().run()
}

pub fn quote_status() -> Exit {
    http(quote::status::status).run()
}

pub fn quote_retry() -> Exit {
    queue(quote::retry::retry).run()
}
