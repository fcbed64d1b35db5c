//! `POST /api/integration/quotes/generate`: price a vehicle with one funder.

fn main() -> runtime::Exit {
    funders::entry::quote_generate()
}
