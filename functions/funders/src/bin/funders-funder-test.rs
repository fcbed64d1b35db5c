//! `POST /api/integration/funders/{funderName}/test`: does a funder answer, and does it know us?

fn main() -> runtime::Exit {
    funders::entry::funder_test()
}
