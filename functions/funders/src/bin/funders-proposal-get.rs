//! `GET /api/proposals/{proposalId}`: a proposal.

fn main() -> runtime::Exit {
    funders::entry::proposal_get().run()
}
