//! `GET /v1/bqs-case/message/case`: lists the messages about a case.

fn main() -> runtime::Exit {
    bqs::entry::message_list().run()
}
