//! `POST /api/integration/proposals/generate`: submits a quote to its funder as an application for finance.

fn main() -> runtime::Exit {
    funders::entry::proposal_generate().run()
}
