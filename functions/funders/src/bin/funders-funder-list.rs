//! `GET /api/integration/funders`, `GET /api/funders`: each funder, its products and its health.

fn main() -> runtime::Exit {
    funders::entry::funder_list().run()
}
