//! `GET /api/integration/funders`, `GET /api/funders`: what each funder can do, and how it does.

fn main() -> runtime::Exit {
    funders::entry::funder_list()
}
