//! `GET /api/proposals`: the caller's proposals, or everybody's for staff.

fn main() -> runtime::Exit {
    funders::entry::proposal_list()
}
