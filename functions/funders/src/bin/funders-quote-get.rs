//! `GET /api/quotes/{quoteId}`: a quote.

fn main() -> runtime::Exit {
    funders::entry::quote_get().run()
}
