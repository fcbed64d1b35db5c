//! The functions of this domain: each handler with its callers and what goes around it.
//!
//! They are declared here and not in the binaries. A handler is then compiled once, with its library, and a binary is only
//! linked.

use model::id::DeliveryId;
use runtime::http::auth::Right;
use runtime::{http, queue};

use crate::{Env, delivery, docs, erasure, fallback, health, log, subscription};

pub type Function = runtime::Function<Env>;

/// Every function by the name of its binary, in the order of the template.
pub fn functions() -> Vec<(&'static str, Function)> {
    vec![
        ("operations-health", health()),
        ("operations-logs", logs()),
        ("operations-metrics", metrics()),
        ("operations-subscription-create", subscription_create()),
        ("operations-subscription-list", subscription_list()),
        ("operations-subscription-delete", subscription_delete()),
        ("operations-delivery-list", delivery_list()),
        ("operations-delivery-replay", delivery_replay()),
        ("operations-delivery-send", delivery_send()),
        ("operations-erasure-create", erasure_create()),
        ("operations-erasure-get", erasure_get()),
        ("operations-docs", docs()),
        ("operations-fallback", fallback()),
    ]
}

pub fn health() -> Function {
    http(health::health).public().into()
}

pub fn logs() -> Function {
    http(log::list::logs).callers(Right::Staff).into()
}

pub fn metrics() -> Function {
    http(log::metrics::metrics).callers(Right::Staff).into()
}

pub fn subscription_create() -> Function {
    let create = http(subscription::create::create).callers(Right::Admin);
    create.idempotent().into()
}

pub fn subscription_list() -> Function {
    http(subscription::list::list).callers(Right::Admin).into()
}

pub fn subscription_delete() -> Function {
    http(subscription::delete::delete).callers(Right::Admin).into()
}

pub fn delivery_list() -> Function {
    http(delivery::list::list).callers(Right::Staff).into()
}

pub fn delivery_replay() -> Function {
    let replay = http(delivery::replay::replay).callers(Right::Staff);
    let replay = replay.idempotent().path_type::<DeliveryId>("deliveryId");
    replay.calls_partner().into()
}

pub fn delivery_send() -> Function {
    queue(delivery::send::send)
}

pub fn erasure_create() -> Function {
    http(erasure::create::create).callers(Right::Admin).into()
}

pub fn erasure_get() -> Function {
    http(erasure::get::get).callers(Right::Admin).into()
}

pub fn docs() -> Function {
    http(docs::docs).public().into()
}

pub fn fallback() -> Function {
    http(fallback::fallback).public().into()
}

#[cfg(test)]
mod tests;
