//! `schedule`, every minute: sees to orders that were left lying.

fn main() -> runtime::Exit {
    mmob::entry::order_sweep()
}
