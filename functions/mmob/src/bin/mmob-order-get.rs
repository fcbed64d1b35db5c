//! `GET /api/mmob/orders/{orderId}`: an order.

fn main() -> runtime::Exit {
    mmob::entry::order_get().run()
}
