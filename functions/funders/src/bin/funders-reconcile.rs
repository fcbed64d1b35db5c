//! Every minute: asks funders about proposals with an unknown outcome, and expires quotes.

fn main() -> runtime::Exit {
    funders::entry::reconcile().run()
}
