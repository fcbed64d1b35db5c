//! `POST /api/integration/quotes/generate`: prices a vehicle with one funder.

fn main() -> runtime::Exit {
    funders::entry::quote_generate().run()
}
