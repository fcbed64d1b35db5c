//! `POST /v1/bqs-case/management/{channelName}/key`: a new api key.

fn main() -> runtime::Exit {
    bqs::entry::management_rotate().run()
}
