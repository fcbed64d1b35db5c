//! `PUT /v1/bqs-case/management/{channelName}`: replaces what a channel may do.

fn main() -> runtime::Exit {
    bqs::entry::management_update()
}
