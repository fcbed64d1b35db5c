//! One run of the failure table: a funder that misbehaves at one of its steps, and what came of it.

use std::time::Duration;

use model::quote::QuoteStatus::{self, Failed, Generated};
use runtime::testing::Play;

use super::house::{House, good, sample};

/// What must come of a quote.
#[derive(Debug, PartialEq)]
pub struct Expected {
    pub status: i64,
    pub code: &'static str,
    pub quote: QuoteStatus,
    /// Seconds after the start at which the funder was called.
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
    /// `calls` are those of the step; the steps before it are done at once, and those after it where it is.
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

    pub async fn outcome(self, settings: &[(&str, &str)], script: Vec<Play>, usual: Play) -> (Expected, House) {
        let before = std::iter::repeat_n(good(), self.step);
        let script: Vec<Play> = before.chain(script).collect();
        let (seen, house) = outcome(self.funder, settings, script, usual).await;
        let calls = |path: &str| house.paths().iter().filter(|called| *called == path).count();
        for (n, path) in self.paths.iter().enumerate() {
            let once = usize::from(n < self.step || seen.quote == Generated);
            assert!(
                n == self.step || calls(path) == once,
                "{self:?}: a step that is done is not repeated"
            );
        }
        (seen, house)
    }
}

pub async fn outcome(funder: &str, settings: &[(&str, &str)], script: Vec<Play>, usual: Play) -> (Expected, House) {
    let house = House::with(settings);
    house.world.stage.script(script, usual);
    let got = match funder {
        "LEX" => house.quote(&[]).await,
        // Every house has the same clock, and signing takes longer than all else.
        funder => house.quote_as(house.token_of_john(), &sample(funder), &[]).await,
    };
    let code: &'static str = Box::leak(if got.status < 400 { String::new() } else { got.code() }.into_boxed_str());
    let row = house.row();
    let seen = Expected {
        status: got.status,
        code,
        quote: row.status,
        calls: house.calls(),
    };
    // Holds for every row of the table.
    assert_eq!(
        house.log().len(),
        seen.calls.len(),
        "one log row for every request that left"
    );
    assert!(
        house.born.elapsed() <= Duration::from_secs(25),
        "the caller is answered within the budget"
    );
    let sent = house.world.outbox.sent();
    let watch = format!(r#"{{"id":"{}","attempt":0}}"#, row.id);
    assert_eq!(
        (sent.len(), sent[0].url.as_str(), sent[0].delay.as_secs(), &sent[0].body),
        (1, "retry", 5, &watch),
        "whatever comes of it, one message looks after it"
    );
    let failed_id = got.json()["quoteId"].as_str().map(str::to_owned);
    if row.status == Failed {
        assert_eq!(failed_id, Some(row.id.to_string()), "{}", got.text);
        assert_eq!(row.failure.as_ref().unwrap().code, code);
    }
    (seen, house)
}
