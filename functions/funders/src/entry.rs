//! What each function of this domain runs: its handler and what goes around it. Said here and not in the binaries, so
//! that a handler is compiled once, with its library, and a binary is only linked.

use runtime::ports::Ports;
use runtime::{Exit, http, queue, schedule};

use crate::{customer, event, funder, proposal, quote, reconcile as due, vehicle};

/// Three MiB of documents in base64, and the rest of a proposal.
const PROPOSAL_LIMIT: usize = 4_500_000;

pub fn quote_generate() -> Exit {
    http(quote::generate::generate).once().run()
}

pub fn quote_status() -> Exit {
    http(quote::status::status).run()
}

pub fn quote_list() -> Exit {
    http(quote::list::list).run()
}

pub fn quote_get() -> Exit {
    http(quote::get::get).run()
}

pub fn quote_retry() -> Exit {
    queue(quote::retry::retry).run_on(Ports::with_bus)
}

pub fn proposal_generate() -> Exit {
    http(proposal::generate::generate)
        .once()
        .limit(PROPOSAL_LIMIT)
        .run_on(Ports::with_files)
}

pub fn proposal_status() -> Exit {
    http(proposal::status::status).run()
}

pub fn proposal_list() -> Exit {
    http(proposal::list::list).run()
}

pub fn proposal_get() -> Exit {
    http(proposal::get::get).run()
}

pub fn proposal_submit() -> Exit {
    queue(proposal::submit::submit).run_on(Ports::with_bus_and_files)
}

pub fn funder_list() -> Exit {
    http(funder::list::list).run()
}

pub fn funder_test() -> Exit {
    http(funder::test::test).run()
}

pub fn customer_quotes() -> Exit {
    http(customer::quotes::quotes).run()
}

pub fn customer_proposals() -> Exit {
    http(customer::proposals::proposals).run()
}

pub fn customer_list() -> Exit {
    http(customer::list::list).run()
}

pub fn customer_get() -> Exit {
    http(customer::get::get).run()
}

pub fn vehicle_list() -> Exit {
    http(vehicle::list::list).run()
}

pub fn vehicle_get() -> Exit {
    http(vehicle::get::get).run()
}

pub fn webhook() -> Exit {
    runtime::webhook("/webhooks/{funder}", event::webhook::webhook).run()
}

pub fn event_apply() -> Exit {
    queue(event::apply::apply).run_on(Ports::with_bus)
}

pub fn reconcile() -> Exit {
    schedule(due::reconcile).run_on(Ports::with_bus)
}
