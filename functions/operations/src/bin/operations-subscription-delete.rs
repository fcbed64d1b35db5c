//! `DELETE /api/integration/subscriptions/{subscriptionId}`

fn main() -> runtime::Exit {
    operations::entry::subscription_delete()
}
