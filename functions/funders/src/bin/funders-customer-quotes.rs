//! `GET /api/integration/customers/{email}/quotes`: the quotes of a customer.

fn main() -> runtime::Exit {
    funders::entry::customer_quotes().run()
}
