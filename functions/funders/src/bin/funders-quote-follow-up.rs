//! SQS `quote-follow-up`: lists and announces a new quote.

fn main() -> runtime::Exit {
    funders::entry::quote_follow_up().run()
}
