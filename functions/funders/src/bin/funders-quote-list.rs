//! `GET /api/quotes`: the caller's quotes, or everybody's for staff.

fn main() -> runtime::Exit {
    funders::entry::quote_list()
}
