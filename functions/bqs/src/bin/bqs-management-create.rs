//! `POST /v1/bqs-case/management`: creates a channel and its api key.

fn main() -> runtime::Exit {
    bqs::entry::management_create().run()
}
