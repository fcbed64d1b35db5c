//! `POST /api/integration/funders/{funderName}/test`: tests whether a funder answers and accepts our credentials.

fn main() -> runtime::Exit {
    funders::entry::funder_test().run()
}
