//! `POST /v1/bqs-case/document/{sequence}`

fn main() -> runtime::Exit {
    bqs::entry::document_upload()
}
