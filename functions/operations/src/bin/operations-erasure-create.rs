//! `POST /api/integration/erasures`: erases what the hub has stored about a person or a case.

fn main() -> runtime::Exit {
    operations::entry::erasure_create().run()
}
