//! `POST /v1/bqs-case/message/case`: takes a message about a case.

fn main() -> runtime::Exit {
    bqs::entry::message_create()
}
