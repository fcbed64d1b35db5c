//! `POST /api/integration/proposals/generate`: put a quote to its funder.

fn main() -> runtime::Exit {
    funders::entry::proposal_generate()
}
