//! `$default`: requests that match no route.

fn main() -> runtime::Exit {
    operations::entry::fallback().run()
}
