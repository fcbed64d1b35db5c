//! `GET /api/integration/proposals/{proposalId}/status`: whether a proposal has been submitted and decided.

fn main() -> runtime::Exit {
    funders::entry::proposal_status().run()
}
