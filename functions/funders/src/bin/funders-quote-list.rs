//! `GET /api/quotes`: the quotes of the caller; for staff all quotes.

fn main() -> runtime::Exit {
    funders::entry::quote_list().run()
}
