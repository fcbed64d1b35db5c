//! `GET /api/integration/logs`: the requests that went to partners.

fn main() -> runtime::Exit {
    operations::entry::logs().run()
}
