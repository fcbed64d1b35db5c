//! `GET /api/vehicles`: every vehicle, for staff.

fn main() -> runtime::Exit {
    funders::entry::vehicle_list().run()
}
