//! `GET /api/integration/metrics`: how each partner has answered lately.

fn main() -> runtime::Exit {
    operations::entry::metrics().run()
}
