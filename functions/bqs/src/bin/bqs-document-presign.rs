//! `POST /v1/bqs-case/document/{sequence}/upload`

fn main() -> runtime::Exit {
    bqs::entry::document_presign()
}
