//! `POST /api/integration/quotes/generate`: price a vehicle with one funder.

fn main() -> runtime::Exit {
    runtime::http(funders::quote::generate::generate).once().run()
}
