//! Every five minutes: goes on with the erasures of this domain.

fn main() -> runtime::Exit {
    bqs::entry::erase().run()
}
