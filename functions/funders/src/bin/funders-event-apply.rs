//! SQS `funder-events`: applies events from webhooks.

fn main() -> runtime::Exit {
    funders::entry::event_apply().run()
}
