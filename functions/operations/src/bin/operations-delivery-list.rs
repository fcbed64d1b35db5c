//! `GET /api/integration/deliveries`: the deliveries of the last 30 days.

fn main() -> runtime::Exit {
    operations::entry::delivery_list().run()
}
