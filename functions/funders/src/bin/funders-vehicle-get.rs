//! `GET /api/vehicles/{capId}`: a vehicle.

fn main() -> runtime::Exit {
    funders::entry::vehicle_get().run()
}
