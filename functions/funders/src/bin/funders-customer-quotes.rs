//! `GET /api/integration/customers/{email}/quotes`: the quotes for a customer.

fn main() -> runtime::Exit {
    funders::entry::customer_quotes()
}
