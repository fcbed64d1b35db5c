//! `GET /health`, `GET /api/health`: whether the hub is up and its partners answer.

fn main() -> runtime::Exit {
    operations::entry::health().run()
}
