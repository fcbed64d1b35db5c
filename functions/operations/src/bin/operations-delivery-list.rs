//! `GET /api/integration/deliveries`: what was delivered and what was not.

fn main() -> runtime::Exit {
    operations::entry::delivery_list()
}
