//! `GET /api/integration/quotes/{quoteId}/status`: whether a quote has been priced.

fn main() -> runtime::Exit {
    funders::entry::quote_status().run()
}
