//! SQS `deliveries`: delivers events to subscribers.

fn main() -> runtime::Exit {
    operations::entry::delivery_send().run()
}
