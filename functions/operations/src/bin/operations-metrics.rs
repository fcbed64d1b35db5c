//! `GET /api/integration/metrics`: how the funders have answered lately.

fn main() -> runtime::Exit {
    operations::entry::metrics()
}
