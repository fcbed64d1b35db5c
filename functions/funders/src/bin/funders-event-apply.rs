//! SQS `funder-events`: apply what a webhook brought.

fn main() -> runtime::Exit {
    funders::entry::event_apply()
}
