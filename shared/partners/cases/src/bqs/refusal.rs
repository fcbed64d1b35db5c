//! BQS's refusals: ASP.NET problems.

use std::collections::BTreeMap;

use call::{Answer, or_default, read};
use model::{Error, Kind};
use serde::Deserialize;

/// The hub keeps this many characters of each reason.
const REASON_LIMIT: usize = 300;

/// The failure that a status stands for, in BQS's own words if it gave any. A 4xx refuses this one change, and a retry
/// cannot help. The exceptions are 401 (our key), 408 and 429.
pub fn explain(mut error: Error, answer: &Answer) -> Error {
    error.kind = match answer.status.as_u16() {
        401 | 429 => error.kind,
        408 => Kind::PartnerTimeout,
        400..=499 => Kind::PartnerRejected,
        _ => error.kind,
    };
    if error.kind != Kind::PartnerRejected {
        return error;
    }
    let Ok(problem) = read::<Problem>(&answer.body) else {
        return error;
    };
    let title = problem.title.unwrap_or_default();
    error.message = format!("BQS answered {}: {}", answer.status.as_u16(), short(&title));
    for (path, messages) in problem.errors {
        for message in messages {
            error = error.field(short(&path), short(&message));
        }
    }
    error
}

fn short(text: &str) -> String {
    text.chars().take(REASON_LIMIT).collect()
}

#[derive(Deserialize)]
struct Problem {
    title: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    errors: BTreeMap<String, Vec<String>>,
}
