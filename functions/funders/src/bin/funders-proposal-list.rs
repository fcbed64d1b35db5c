//! `GET /api/proposals`: the proposals of the caller; for staff all proposals.

fn main() -> runtime::Exit {
    funders::entry::proposal_list().run()
}
