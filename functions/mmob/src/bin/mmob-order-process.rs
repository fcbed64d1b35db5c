//! `SQS mmob-orders`: does what an order asks for.

fn main() -> runtime::Exit {
    mmob::entry::order_process()
}
