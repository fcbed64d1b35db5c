//! `GET /api/integration/quotes/{quoteId}/status`: what became of a quote.

fn main() -> runtime::Exit {
    funders::entry::quote_status()
}
