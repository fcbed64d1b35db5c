//! `GET /api/mmob/products`: lists products.

fn main() -> runtime::Exit {
    mmob::entry::product_list().run()
}
