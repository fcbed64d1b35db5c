//! `GET /api/integration/erasures/{erasureId}`: how far an erasure is.

fn main() -> runtime::Exit {
    operations::entry::erasure_get().run()
}
