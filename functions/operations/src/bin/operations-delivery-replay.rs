//! `POST /api/integration/deliveries/{deliveryId}/replay`: delivers once more.

fn main() -> runtime::Exit {
    operations::entry::delivery_replay().run()
}
