//! `POST /webhooks/{funder}`: news from a funder.

fn main() -> runtime::Exit {
    funders::entry::webhook()
}
