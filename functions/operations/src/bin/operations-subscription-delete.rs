//! `DELETE /api/integration/subscriptions/{subscriptionId}`: ends a subscription.

fn main() -> runtime::Exit {
    operations::entry::subscription_delete().run()
}
