//! `GET /v1/bqs-case/message/case`: the messages about a case.

fn main() -> runtime::Exit {
    bqs::entry::message_list()
}
