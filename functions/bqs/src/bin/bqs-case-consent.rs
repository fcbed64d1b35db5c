//! `POST /v1/bqs-case/case/{sequence}/business-consent`: asks a business for its consent.

fn main() -> runtime::Exit {
    bqs::entry::case_consent().run()
}
