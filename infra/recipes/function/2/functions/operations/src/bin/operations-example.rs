//! `GET /api/example`: says who asks.

fn main() -> runtime::Exit {
    operations::entry::example()
}
