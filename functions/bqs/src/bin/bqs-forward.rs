//! SQS `bqs-forward`: sends accepted changes upstream.

fn main() -> runtime::Exit {
    bqs::entry::forward().run()
}
