//! `GET /api/mmob/orders`: lists orders.

fn main() -> runtime::Exit {
    mmob::entry::order_list().run()
}
