//! `POST /v1/bqs-case/case/{sequence}/score-customer`: has a customer scored.

fn main() -> runtime::Exit {
    bqs::entry::case_score()
}
