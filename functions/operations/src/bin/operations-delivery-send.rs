//! SQS `deliveries`: tells subscribers what has happened.

fn main() -> runtime::Exit {
    operations::entry::delivery_send()
}
