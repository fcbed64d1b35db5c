//! `GET /api/integration/proposals/{proposalId}/status`: what became of a proposal.

fn main() -> runtime::Exit {
    funders::entry::proposal_status()
}
