//! One run of the failure table: a funder that fails at one of its steps, and the result.

use std::time::Duration;

use model::quote::QuoteStatus::{self, Failed, Generated};
use runtime::testing::{Harness, Script};

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, good, harness_with, sample};

/// The result that a quote must have.
#[derive(Debug, PartialEq)]
pub struct Expected {
    pub status: i64,
    pub code: &'static str,
    pub quote: QuoteStatus,
    /// Seconds from the start to each call to the funder.
    pub calls: Vec<f64>,
}

/// A funder, and the one of its steps at which it does what the table says.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub funder: &'static str,
    pub paths: &'static [&'static str],
    pub step: usize,
}

const LEX: &[&str] = &["/api/v1/quotes/calculate"];
const ALPHABET: &[&str] = &[
    "/api/vehicle/details",
    "/api/finance/defaults",
    "/api/finance/calculatefordisplay",
];

const fn case(funder: &'static str, paths: &'static [&'static str], step: usize) -> Case {
    Case { funder, paths, step }
}

pub const CASES: [Case; 4] = [
    case("LEX", LEX, 0),
    case("ALPHABET", ALPHABET, 0),
    case("ALPHABET", ALPHABET, 1),
    case("ALPHABET", ALPHABET, 2),
];

impl Case {
    /// `calls` are those of the step. The calls of the steps before it take no time; those after it start when it ends.
    pub fn expected(self, status: i64, code: &'static str, quote: QuoteStatus, calls: &[f64]) -> Expected {
        let mut all = vec![0.0; self.step];
        all.extend(calls);
        if quote == Generated {
            let last = calls.last().copied().unwrap();
            all.extend(vec![last; self.paths.len() - self.step - 1]);
        }
        Expected {
            status,
            code,
            quote,
            calls: all,
        }
    }

    pub async fn outcome(
        self,
        settings: &[(&str, &str)],
        script: Vec<Script>,
        usual: Script,
    ) -> (Expected, Harness<Env>) {
        let before = std::iter::repeat_n(good(), self.step);
        let script: Vec<Script> = before.chain(script).collect();
        let (seen, h) = outcome(self.funder, settings, script, usual).await;
        let calls = |path: &str| h.paths().iter().filter(|called| *called == path).count();
        for (n, path) in self.paths.iter().enumerate() {
            let expected = usize::from(n < self.step || seen.quote == Generated);
            assert!(
                n == self.step || calls(path) == expected,
                "{self:?}: a completed step is not repeated"
            );
        }
        (seen, h)
    }
}

pub async fn outcome(
    funder: &str,
    settings: &[(&str, &str)],
    script: Vec<Script>,
    usual: Script,
) -> (Expected, Harness<Env>) {
    let h = harness_with(settings);
    h.fakes.transport.script(script, usual);
    let got = h.post(GENERATE, sample(funder)).await;
    let code: &'static str = Box::leak(if got.status < 400 { String::new() } else { got.code() }.into_boxed_str());
    let row = h.quote();
    let seen = Expected {
        status: got.status,
        code,
        quote: row.status,
        calls: h.calls(),
    };
    // Holds for every row of the table.
    assert_eq!(
        h.log().len(),
        seen.calls.len(),
        "one log row for every request that left"
    );
    assert!(
        h.started().elapsed() <= Duration::from_secs(25),
        "the caller gets a response within the budget"
    );
    let sent = h.fakes.queue.sent();
    let first_look = format!(r#"{{"id":"{}","attempt":0}}"#, row.id);
    assert_eq!(
        (sent.len(), sent[0].url.as_str(), sent[0].delay.as_secs(), &sent[0].body),
        (1, "follow-up", 5, &first_look),
        "there is one message for a first look, whatever the result"
    );
    if row.status == Failed {
        assert_eq!(got.text("quoteId"), row.id.to_string(), "{}", got.text);
        assert_eq!(row.failure.as_ref().unwrap().code, code);
    }
    (seen, h)
}
