//! `GET /api/integration/quotes/{quoteId}/status`: what became of a quote.

fn main() -> runtime::Exit {
    runtime::http(funders::quote::status::status).run()
}
