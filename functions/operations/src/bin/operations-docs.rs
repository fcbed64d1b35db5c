//! `GET /api-docs` and below: a page to read and try the API, and its document.

fn main() -> runtime::Exit {
    operations::entry::docs().run()
}
