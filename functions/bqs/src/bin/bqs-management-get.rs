//! `GET /v1/bqs-case/management` and `GET /v1/bqs-case/management/{channelName}`: what channels may do.

fn main() -> runtime::Exit {
    bqs::entry::management_get()
}
