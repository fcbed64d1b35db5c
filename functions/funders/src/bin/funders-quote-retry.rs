//! SQS `quote-retry`: go on with a quote that is still pending.

fn main() -> runtime::Exit {
    runtime::queue(funders::quote::retry::retry).run()
}
