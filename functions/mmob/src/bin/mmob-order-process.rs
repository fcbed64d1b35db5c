//! `SQS mmob-orders`: works through orders.

fn main() -> runtime::Exit {
    mmob::entry::order_process().run()
}
