//! SQS `mmob-example`: applies EXAMPLE's notices.

fn main() -> runtime::Exit {
    mmob::entry::example_apply().run()
}
