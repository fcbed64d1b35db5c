//! `GET /health`, `GET /api/health`: is the hub up, and do its funders answer.

fn main() -> runtime::Exit {
    operations::entry::health()
}
