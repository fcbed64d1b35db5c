//! `GET /api/integration/subscriptions`: who is told about which events.

fn main() -> runtime::Exit {
    operations::entry::subscription_list()
}
