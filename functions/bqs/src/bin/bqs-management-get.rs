//! `GET /v1/bqs-case/management` and `GET /v1/bqs-case/management/{channelName}`: channels and their permissions.

fn main() -> runtime::Exit {
    bqs::entry::management_get().run()
}
