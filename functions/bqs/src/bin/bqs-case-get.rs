//! `GET /v1/bqs-case/case/{sequence}`: a case.

fn main() -> runtime::Exit {
    bqs::entry::case_get()
}
