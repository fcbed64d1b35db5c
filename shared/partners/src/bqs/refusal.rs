//! What BQS's refusals say: ASP.NET problems.

use std::collections::BTreeMap;

use model::{Error, Kind};
use serde::Deserialize;

use crate::{Answer, read};

/// So much of a reason is kept.
const LONGEST: usize = 300;

/// The failure that a status stands for, in BQS's own words where it has any. Beside the statuses that every partner's are
/// read by, 403 and whatever else is the caller's fault are refusals of this one change, which no repetition mends; 401 is
/// about our key.
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
    text.chars().take(LONGEST).collect()
}

#[derive(Deserialize)]
struct Problem {
    title: Option<String>,
    #[serde(default)]
    errors: BTreeMap<String, Vec<String>>,
}
