//! `POST /webhooks/mmob/{token}`: takes an order from MMOB.

fn main() -> runtime::Exit {
    mmob::entry::order_webhook().run()
}
