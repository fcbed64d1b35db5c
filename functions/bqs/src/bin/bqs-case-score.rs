//! `POST /v1/bqs-case/case/{sequence}/score-customer`: starts the scoring of a customer.

fn main() -> runtime::Exit {
    bqs::entry::case_score().run()
}
