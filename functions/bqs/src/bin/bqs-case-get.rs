//! `GET /v1/bqs-case/case/{sequence}`: returns a case.

fn main() -> runtime::Exit {
    bqs::entry::case_get().run()
}
