//! `POST /webhooks/mmob/{token}`: an order from MMOB.

fn main() -> runtime::Exit {
    mmob::entry::order_webhook()
}
