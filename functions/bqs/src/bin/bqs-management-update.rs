//! `PUT /v1/bqs-case/management/{channelName}`: replaces the permissions of a channel.

fn main() -> runtime::Exit {
    bqs::entry::management_update().run()
}
