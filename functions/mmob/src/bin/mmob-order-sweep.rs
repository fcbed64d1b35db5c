//! `schedule`, every minute: finds overdue orders.

fn main() -> runtime::Exit {
    mmob::entry::order_sweep().run()
}
