//! `POST /api/mmob/products/{prodId}/pricing`: gives a product a price.

fn main() -> runtime::Exit {
    mmob::entry::price_create().run()
}
