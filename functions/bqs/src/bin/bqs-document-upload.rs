//! `POST /v1/bqs-case/document/{sequence}`: uploads a document.

fn main() -> runtime::Exit {
    bqs::entry::document_upload().run()
}
