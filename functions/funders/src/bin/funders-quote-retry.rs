//! SQS `quote-retry`: goes on with a pending quote in the background.

fn main() -> runtime::Exit {
    funders::entry::quote_retry().run()
}
