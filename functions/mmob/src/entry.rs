//! What each function of this domain runs: its handler and what goes around it. Said here and not in the binaries, so
//! that a handler is compiled once, with its library, and a binary is only linked.

use runtime::{Exit, http, queue, schedule};

use crate::{order, product};

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

pub fn order_list() -> Exit {
    http(order::list::list).run()
}

pub fn order_get() -> Exit {
    http(order::get::get).run()
}

pub fn order_resolve() -> Exit {
    http(order::resolve::resolve).once().run()
}

pub fn product_create() -> Exit {
    http(product::create::create).once().run()
}

pub fn product_list() -> Exit {
    http(product::list::list).run()
}

pub fn price_create() -> Exit {
    http(product::price::create).once().run()
}
