//! `GET /api/integration/subscriptions`: the subscriptions, newest first.

fn main() -> runtime::Exit {
    operations::entry::subscription_list().run()
}
