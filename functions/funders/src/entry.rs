//! Each function of this domain as a value: its handler, its callers and its limits. Binaries, tests and the API document use
//! these values.

use runtime::http::auth::Right::{Admin, Customer, Staff};
use runtime::{http, permitted, queue, schedule};

use crate::{Env, customer, event, funder, proposal, quote, reconcile as due, vehicle};

pub type Function = runtime::Function<Env>;

/// Three MiB of documents in base64, and the rest of a proposal.
const PROPOSAL_LIMIT: usize = 4_500_000;

/// Every function by the name of its binary, in the order of the template.
pub fn functions() -> Vec<(&'static str, Function)> {
    vec![
        ("funders-quote-generate", quote_generate()),
        ("funders-quote-status", quote_status()),
        ("funders-quote-list", quote_list()),
        ("funders-quote-get", quote_get()),
        ("funders-quote-follow-up", quote_follow_up()),
        ("funders-quote-retry", quote_retry()),
        ("funders-proposal-generate", proposal_generate()),
        ("funders-proposal-status", proposal_status()),
        ("funders-proposal-list", proposal_list()),
        ("funders-proposal-get", proposal_get()),
        ("funders-proposal-submit", proposal_submit()),
        ("funders-funder-list", funder_list()),
        ("funders-funder-test", funder_test()),
        ("funders-customer-quotes", customer_quotes()),
        ("funders-customer-proposals", customer_proposals()),
        ("funders-customer-list", customer_list()),
        ("funders-customer-get", customer_get()),
        ("funders-vehicle-list", vehicle_list()),
        ("funders-vehicle-get", vehicle_get()),
        ("funders-webhook", webhook()),
        ("funders-event-apply", event_apply()),
        ("funders-reconcile", reconcile()),
        ("funders-erase", erase()),
    ]
}

pub fn quote_generate() -> Function {
    permitted(quote::generate::permit, quote::generate::generate)
        .callers(Customer)
        .idempotent()
        .calls_partner()
        .into()
}

pub fn quote_status() -> Function {
    http(quote::status::status).callers(Customer).into()
}

pub fn quote_list() -> Function {
    http(quote::list::list).callers(Customer).into()
}

pub fn quote_get() -> Function {
    http(quote::get::get).callers(Customer).into()
}

pub fn quote_follow_up() -> Function {
    queue(quote::retry::first_look).with_bus()
}

pub fn quote_retry() -> Function {
    queue(quote::retry::retry).with_bus()
}

pub fn proposal_generate() -> Function {
    let generate = permitted(proposal::generate::permit, proposal::generate::generate);
    let generate = generate.callers(Customer).idempotent();
    Function::from(generate.calls_partner().limit(PROPOSAL_LIMIT)).with_files()
}

pub fn proposal_status() -> Function {
    http(proposal::status::status).callers(Customer).into()
}

pub fn proposal_list() -> Function {
    http(proposal::list::list).callers(Customer).into()
}

pub fn proposal_get() -> Function {
    http(proposal::get::get).callers(Customer).into()
}

pub fn proposal_submit() -> Function {
    queue(proposal::submit::submit).with_bus().with_files().with_scanner()
}

pub fn funder_list() -> Function {
    http(funder::list::list).callers(Customer).into()
}

pub fn funder_test() -> Function {
    http(funder::test::test).callers(Admin).into()
}

pub fn customer_quotes() -> Function {
    http(customer::quotes::quotes).callers(Customer).into()
}

pub fn customer_proposals() -> Function {
    http(customer::proposals::proposals).callers(Customer).into()
}

pub fn customer_list() -> Function {
    http(customer::list::list).callers(Staff).into()
}

pub fn customer_get() -> Function {
    http(customer::get::get).callers(Customer).into()
}

pub fn vehicle_list() -> Function {
    http(vehicle::list::list).callers(Staff).into()
}

pub fn vehicle_get() -> Function {
    http(vehicle::get::get).callers(Customer).into()
}

pub fn webhook() -> Function {
    runtime::webhook("/webhooks/{funder}", event::webhook::webhook)
        .public()
        .into()
}

pub fn event_apply() -> Function {
    queue(event::apply::apply).with_bus()
}

pub fn reconcile() -> Function {
    schedule(due::reconcile).with_bus()
}

/// What is due and left of the erasures of this domain.
pub fn erase() -> Function {
    schedule(runtime::work::erasure::erase)
        .with_eraser()
        .with_timeout(runtime::work::erasure::ERASE_TIMEOUT)
}

#[cfg(test)]
mod tests;
