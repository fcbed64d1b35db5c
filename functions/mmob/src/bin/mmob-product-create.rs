//! `POST /api/mmob/products`: offers a product at MMOB.

fn main() -> runtime::Exit {
    mmob::entry::product_create().run()
}
