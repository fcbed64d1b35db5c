//! `POST /v1/bqs-case/case`: creates a case.

fn main() -> runtime::Exit {
    bqs::entry::case_create().run()
}
