//! The domain's functions: each with its handler, its callers and its limits. The binaries, the tests and the API document
//! use these values. A handler is compiled once, with this library, and a binary is only linked.

use std::time::Duration;

use runtime::http::auth::Right;
use runtime::{http, queue, schedule, webhook};

use crate::{Env, order, product};

pub type Function = runtime::Function<Env>;

/// An order is small, and a larger body is no order.
const ORDER_LIMIT: usize = 64 * 1024;

/// MMOB wants to be answered within two seconds.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(3);
/// Less than the queue's visibility, so that a message that comes back finds no other worker on it.
const WORKER_TIMEOUT: Duration = Duration::from_secs(8);

/// Every function by the name of its binary, in the order of `template.yaml`.
pub fn functions() -> Vec<(&'static str, Function)> {
    vec![
        ("mmob-order-webhook", order_webhook()),
        ("mmob-order-process", order_process()),
        ("mmob-order-sweep", order_sweep()),
        ("mmob-erase", erase()),
        ("mmob-order-list", order_list()),
        ("mmob-order-get", order_get()),
        ("mmob-order-resolve", order_resolve()),
        ("mmob-product-create", product_create()),
        ("mmob-product-list", product_list()),
        ("mmob-price-create", price_create()),
    ]
}

pub fn order_webhook() -> Function {
    let webhook = webhook("/webhooks/mmob/{token}", order::webhook::webhook).public();
    Function::from(webhook.limit(ORDER_LIMIT)).with_timeout(WEBHOOK_TIMEOUT)
}

pub fn order_process() -> Function {
    queue(order::process::process).with_timeout(WORKER_TIMEOUT)
}

pub fn order_sweep() -> Function {
    schedule(order::sweep::sweep)
}

pub fn order_list() -> Function {
    http(order::list::list).callers(Right::Staff).into()
}

pub fn order_get() -> Function {
    http(order::get::get).callers(Right::Staff).calls_partner().into()
}

pub fn order_resolve() -> Function {
    let resolve = http(order::resolve::resolve).callers(Right::Staff);
    resolve.idempotent().calls_partner().into()
}

pub fn product_create() -> Function {
    let create = http(product::create::create).callers(Right::Admin);
    create.idempotent().calls_partner().into()
}

pub fn product_list() -> Function {
    http(product::list::list).callers(Right::Staff).into()
}

pub fn price_create() -> Function {
    let create = http(product::price::create).callers(Right::Admin);
    create.idempotent().calls_partner().into()
}

/// What is due and left of the erasures of this domain.
pub fn erase() -> Function {
    schedule(runtime::work::erasure::erase)
        .with_eraser()
        .with_timeout(runtime::work::erasure::ERASE_TIMEOUT)
}

#[cfg(test)]
mod tests;
