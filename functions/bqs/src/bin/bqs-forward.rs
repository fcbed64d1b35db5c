//! SQS `bqs-forward`: the only sender of cases.

fn main() -> runtime::Exit {
    bqs::entry::forward()
}
