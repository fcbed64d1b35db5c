//! `GET /api/example`: returns the caller's subject.

fn main() -> runtime::Exit {
    operations::entry::example().run()
}
