//! `POST /v1/bqs-case/document/{sequence}/upload`: presigns the upload of a larger document.

fn main() -> runtime::Exit {
    bqs::entry::document_presign().run()
}
