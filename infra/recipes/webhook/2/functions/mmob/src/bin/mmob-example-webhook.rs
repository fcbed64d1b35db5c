//! `POST /webhooks/example/installations`: takes a notice from EXAMPLE.

fn main() -> runtime::Exit {
    mmob::entry::example_webhook().run()
}
