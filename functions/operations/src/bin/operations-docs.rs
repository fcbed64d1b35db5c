//! `GET /api-docs` and below: the API document, and a page to read and try it.

fn main() -> runtime::Exit {
    operations::entry::docs()
}
