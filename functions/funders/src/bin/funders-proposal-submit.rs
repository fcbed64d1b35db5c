//! SQS `proposal-submit`: the only sender of proposals.

fn main() -> runtime::Exit {
    funders::entry::proposal_submit().run()
}
