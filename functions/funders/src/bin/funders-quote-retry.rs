//! SQS `quote-retry`: go on with a quote that is still pending.

fn main() -> runtime::Exit {
    funders::entry::quote_retry()
}
