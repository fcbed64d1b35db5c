//! `GET /health`, `GET /api/health`: is the hub up, and do its funders answer.

fn main() -> runtime::Exit {
    runtime::http(operations::health::health).public().run()
}
