//! `POST /webhooks/{funder}`: takes an event from a funder.

fn main() -> runtime::Exit {
    funders::entry::webhook().run()
}
