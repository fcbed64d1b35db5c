//! `GET /api/customers/{email}`: a customer.

fn main() -> runtime::Exit {
    funders::entry::customer_get().run()
}
