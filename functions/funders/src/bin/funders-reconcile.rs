//! Every minute: ask after what nobody is sure of, and end what is over.

fn main() -> runtime::Exit {
    funders::entry::reconcile()
}
