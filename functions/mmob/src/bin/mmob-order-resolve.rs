//! `POST /api/mmob/orders/{orderId}`: decides an order.

fn main() -> runtime::Exit {
    mmob::entry::order_resolve().run()
}
