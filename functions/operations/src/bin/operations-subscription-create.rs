//! `POST /api/integration/subscriptions`: has events delivered to an endpoint.

fn main() -> runtime::Exit {
    operations::entry::subscription_create().run()
}
