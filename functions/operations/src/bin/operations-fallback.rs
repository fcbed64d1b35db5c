//! `$default`: 404, or 405 with `Allow` where the path is known.

fn main() -> runtime::Exit {
    operations::entry::fallback()
}
