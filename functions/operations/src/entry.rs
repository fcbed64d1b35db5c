//! What each function of this domain runs: its handler and what goes around it. Said here and not in the binaries, so
//! that a handler is compiled once, with its library, and a binary is only linked.

use runtime::{Exit, http, queue};

use crate::{delivery, docs, fallback, health, log, subscription};

pub fn health() -> Exit {
    http(health::health).public().run()
}

pub fn logs() -> Exit {
    http(log::list::logs).run()
}

pub fn metrics() -> Exit {
    http(log::metrics::metrics).run()
}

pub fn docs() -> Exit {
    http(docs::docs).public().run()
}

pub fn fallback() -> Exit {
    http(fallback::fallback).public().run()
}

pub fn subscription_create() -> Exit {
    http(subscription::create::create).once().run()
}

pub fn subscription_list() -> Exit {
    http(subscription::list::list).run()
}

pub fn subscription_delete() -> Exit {
    http(subscription::delete::delete).run()
}

pub fn delivery_send() -> Exit {
    queue(delivery::send::send).run()
}

pub fn delivery_list() -> Exit {
    http(delivery::list::list).run()
}

pub fn delivery_replay() -> Exit {
    http(delivery::replay::replay).once().run()
}
