//! `GET /api/customers`: every customer, for staff.

fn main() -> runtime::Exit {
    funders::entry::customer_list().run()
}
