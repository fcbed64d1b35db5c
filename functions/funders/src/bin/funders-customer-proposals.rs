//! `GET /api/integration/customers/{email}/proposals`: the proposals of a customer.

fn main() -> runtime::Exit {
    funders::entry::customer_proposals().run()
}
