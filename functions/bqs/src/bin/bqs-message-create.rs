//! `POST /v1/bqs-case/message/case`: stores a message about a case.

fn main() -> runtime::Exit {
    bqs::entry::message_create().run()
}
