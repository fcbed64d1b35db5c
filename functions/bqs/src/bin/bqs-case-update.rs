//! `PUT /v1/bqs-case/case/{sequence}`: changes a case.

fn main() -> runtime::Exit {
    bqs::entry::case_update().run()
}
