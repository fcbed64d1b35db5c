//! What each function of this domain runs: its handler and what goes around it. Said here and not in the binaries, so
//! that a handler is compiled once, with its library, and a binary is only linked.

use runtime::{Exit, queue, schedule};

use crate::order;

/// An order is small, and whoever sends more has none.
pub const ORDER_LIMIT: usize = 64 * 1024;

pub fn order_webhook() -> Exit {
    runtime::webhook("/webhooks/mmob/{token}", order::webhook::webhook)
        .limit(ORDER_LIMIT)
        .run()
}

pub fn order_process() -> Exit {
    queue(order::process::process).run()
}

pub fn order_sweep() -> Exit {
    schedule(order::sweep::sweep).run()
}
