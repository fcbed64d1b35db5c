//! The failure table: what a funder may do, at every attempt, and what must come of it.

use std::time::Duration;

use model::quote::QuoteStatus::{self, Failed, Generated, Pending};
use runtime::testing::Play;
use runtime::transport::Status;

use super::house::{House, PRICED, priced};

/// What must come of a quote.
#[derive(Debug, PartialEq)]
struct Expected {
    status: i64,
    code: &'static str,
    quote: QuoteStatus,
    /// Seconds after the start at which the funder was called.
    calls: Vec<f64>,
    /// Delays in seconds of the messages to the retry queue.
    queued: Vec<u64>,
}

fn expected(status: i64, code: &'static str, quote: QuoteStatus, calls: &[f64]) -> Expected {
    let queued = if quote == Pending { vec![30] } else { vec![] };
    Expected {
        status,
        code,
        quote,
        calls: calls.to_vec(),
        queued,
    }
}

async fn outcome(settings: &[(&str, &str)], script: Vec<Play>, usual: Play) -> (Expected, House) {
    let house = House::with(settings);
    house.world.stage.script(script, usual);
    let got = house.quote(&[]).await;
    let code: &'static str = Box::leak(if got.status < 400 { String::new() } else { got.code() }.into_boxed_str());
    let queued = house
        .world
        .outbox
        .sent()
        .iter()
        .map(|sent| sent.delay.as_secs())
        .collect();
    let row = house.row();
    let seen = Expected {
        status: got.status,
        code,
        quote: row.status,
        calls: house.calls(),
        queued,
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
    let failed_id = got.json()["quoteId"].as_str().map(str::to_owned);
    if row.status == Failed {
        assert_eq!(failed_id, Some(row.id.to_string()), "{}", got.text);
        assert_eq!(row.failure.as_ref().unwrap().code, code);
    }
    (seen, house)
}

fn status(code: u16) -> Play {
    Play::answer(code, r#"{"errors":[{"code":"X","message":"no"}]}"#)
}

fn wait(code: u16, retry_after: &str) -> Play {
    Play::Answer {
        status: code,
        headers: vec![("retry-after", retry_after.to_owned())],
        body: String::new(),
    }
}

/// When the attempts of the default policy are made.
const TIMES: [f64; 4] = [0.0, 1.0, 3.0, 7.0];

/// `before` failures that pass, then `plays`.
fn after(before: usize, plays: &[Play]) -> Vec<Play> {
    std::iter::repeat_n(status(500), before)
        .chain(plays.iter().cloned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_then_left_to_the_queue() {
    let passing = [
        Play::Unreachable,
        Play::Reset,
        status(500),
        status(502),
        status(503),
        status(504),
        status(429),
        wait(429, "-1"),
        wait(429, "soon"),
        wait(503, "0"),
        wait(429, "Mon, 30 Dec 2024 10:19:59 GMT"),
    ];
    for play in passing {
        for position in 0..3 {
            let (seen, _) = outcome(&[], after(position, std::slice::from_ref(&play)), priced()).await;
            assert_eq!(
                seen,
                expected(201, "", Generated, &TIMES[..position + 2]),
                "{play:?} at {position}"
            );
        }
        let (seen, house) = outcome(&[], vec![], play.clone()).await;
        assert_eq!(seen, expected(202, "", Pending, &TIMES), "{play:?} for good");
        let log: Vec<_> = house.log().iter().map(|row| (row.status, row.retry_count)).collect();
        let retried = Status::Retry;
        assert_eq!(log, [(retried, 0), (retried, 1), (retried, 2), (Status::Failed, 3)]);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_costs_an_attempt_and_not_the_budget() {
    let silence = Play::Late(Duration::from_secs(60), Box::new(priced()));
    for position in 0..3 {
        let (seen, _) = outcome(&[], after(position, std::slice::from_ref(&silence)), priced()).await;
        let mut calls = TIMES[..=position].to_vec();
        calls.push(TIMES[position] + 8.0 + [1.0, 2.0, 4.0][position]);
        assert_eq!(seen, expected(201, "", Generated, &calls), "at {position}");
    }
    let (seen, house) = outcome(&[], vec![], silence).await;
    assert_eq!(seen, expected(202, "", Pending, &[0.0, 9.0, 19.0]));
    assert_eq!(house.born.elapsed(), Duration::from_secs(25));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_asked_for_is_kept_by_everybody() {
    for position in 0..3 {
        let (seen, _) = outcome(&[], after(position, &[wait(429, "5")]), priced()).await;
        let mut calls = TIMES[..=position].to_vec();
        calls.push(TIMES[position] + 5.0);
        assert_eq!(seen, expected(201, "", Generated, &calls), "at {position}");
    }
    for long in ["11", "60", "Mon, 30 Dec 2024 10:21:00 GMT"] {
        let (seen, house) = outcome(&[], vec![wait(429, long)], priced()).await;
        let queued = if long == "11" { 30 } else { 60 };
        assert_eq!(
            seen,
            Expected {
                queued: vec![queued],
                ..expected(202, "", Pending, &[0.0])
            },
            "{long}"
        );
        let again = house.quote(&[]).await;
        assert_eq!(
            (again.status, house.calls().len()),
            (202, 1),
            "the gate stops the next call"
        );
        assert!(again.header("retry-after").is_some());
        let other = House::on(house.world.clone(), &[]);
        other
            .env
            .outbound
            .warm(
                &other
                    .env
                    .target(&partners::lex::Lex, model::quote::Environment::Sandbox)
                    .unwrap(),
                house.clock,
            )
            .await;
        assert_eq!(
            (other.quote(&[]).await.status, house.calls().len()),
            (202, 1),
            "in other sandboxes too"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_told_to_the_caller_and_capped_at_an_hour() {
    let house = House::new();
    house.world.stage.script([wait(429, "86400")], priced());
    let got = house.quote(&[]).await;
    assert_eq!((got.status, got.header("retry-after")), (202, Some("3600")));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final_and_has_reasons() {
    for code in [400, 422] {
        for position in 0..4 {
            let refusal = include_str!("../../../../../shared/partners/fixtures/lex/quote.refusal.json");
            let (seen, house) = outcome(&[], after(position, &[Play::answer(code, refusal)]), priced()).await;
            assert_eq!(seen, expected(422, "funder-rejected", Failed, &TIMES[..=position]));
            assert_eq!(house.row().failure.unwrap().errors[0].0, "vehicleDetails.capId");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_renewed_once_and_never_the_callers_fault() {
    for code in [401, 403] {
        for position in 0..4 {
            let mut calls = TIMES[..=position].to_vec();
            calls.push(TIMES[position]);
            let (seen, house) = outcome(&[], after(position, &[status(code)]), priced()).await;
            assert_eq!(seen, expected(201, "", Generated, &calls));
            assert_eq!(
                *house.world.safe.asked.lock().unwrap(),
                2,
                "the secret is fetched again"
            );
            let (seen, _) = outcome(&[], after(position, &[status(code), status(code)]), priced()).await;
            assert_eq!(seen, expected(502, "funder-auth", Failed, &calls));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unusable_success_gets_one_more_chance_and_is_never_a_price() {
    let unusable = [
        Play::answer(200, "<html>"),
        Play::answer(200, "{}"),
        Play::answer(200, PRICED.replace("450.00", "-1")),
        Play::answer(200, PRICED.replace("\"status\"", "\"currency\":\"EUR\",\"status\"")),
        Play::answer(204, ""),
        status(302),
        status(404),
    ];
    for play in unusable {
        for position in 0..3 {
            let (seen, _) = outcome(&[], after(position, std::slice::from_ref(&play)), priced()).await;
            assert_eq!(seen, expected(201, "", Generated, &TIMES[..position + 2]), "{play:?}");
            let (seen, _) = outcome(&[], after(position, &[play.clone(), play.clone()]), priced()).await;
            assert_eq!(
                seen,
                expected(502, "funder-bad-response", Failed, &TIMES[..position + 2]),
                "{play:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_retries_the_caller_is_told_at_once() {
    let off = [("API_RETRY_ENABLED", "false")];
    let silence = Play::Late(Duration::from_secs(60), Box::new(priced()));
    for (play, status, code) in [
        (Play::Unreachable, 503, "funder-unreachable"),
        (status(500), 503, "funder-error"),
        (wait(429, "5"), 503, "funder-throttled"),
        (silence, 504, "funder-timeout"),
        (Play::Reset, 504, "funder-timeout"),
        (Play::answer(200, "{}"), 502, "funder-bad-response"),
        (self::status(400), 422, "funder-rejected"),
    ] {
        let (seen, house) = outcome(&off, vec![], play).await;
        assert_eq!(seen, expected(status, code, Failed, &[0.0]));
        let retryable = house.row().failure.unwrap().to_error().kind.rule().retryable;
        assert_eq!(retryable, status > 502);
    }
}

#[tokio::test(start_paused = true)]
async fn the_partners_own_settings_count() {
    let own = [("LEX_MAX_RETRIES", "5"), ("LEX_RETRY_BASE_DELAY", "2000")];
    let (seen, _) = outcome(&own, vec![], status(500)).await;
    assert_eq!(
        seen,
        expected(202, "", Pending, &[0.0, 2.0, 6.0, 14.0]),
        "a fifth call would not fit the budget"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dead_store_is_our_failure() {
    let house = House::new();
    house.world.stage.script([], priced());
    house.world.store.set_down(true);
    let got = house.quote(&[]).await;
    assert_eq!((got.status, got.code().as_str()), (503, "unavailable"));
}

/// A small generator, so that a failure names its seed and nothing else is needed to repeat it.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// One thing a funder does, as the table classes it.
fn any(random: &mut Random) -> (Play, char) {
    match random.below(9) {
        0 => (Play::Unreachable, 'p'),
        1 => (Play::Reset, 'p'),
        2 => (status(502), 'p'),
        3 => (status(429), 'p'),
        4 => (status(401), 'a'),
        5 => (Play::answer(200, "{"), 'u'),
        6 => (status(422), 'r'),
        7 => (wait(429, "30"), 'w'),
        _ => (priced(), 's'),
    }
}

/// The table, read once more and independently: the caller's status and the number of calls.
fn table(script: &[char]) -> (i64, usize) {
    let (mut retries, mut renewed, mut reread) = (0, false, false);
    for (n, play) in script.iter().enumerate() {
        let calls = n + 1;
        match play {
            's' => return (201, calls),
            'r' => return (422, calls),
            'w' => return (202, calls),
            'a' if renewed => return (502, calls),
            'a' => renewed = true,
            'u' if reread => return (502, calls),
            'u' => {
                reread = true;
                retries += 1;
            }
            _ if retries >= 3 => return (202, calls),
            _ => retries += 1,
        }
    }
    unreachable!("the script ends before the table does")
}

#[tokio::test(start_paused = true)]
async fn five_thousand_random_funders_keep_to_the_table() {
    random_funders(1..=5_000).await;
}

#[tokio::test(start_paused = true)]
async fn and_so_do_another_five_thousand() {
    random_funders(5_001..=10_000).await;
}

async fn random_funders(seeds: std::ops::RangeInclusive<u64>) {
    for seed in seeds {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (plays, letters): (Vec<_>, Vec<_>) = (0..8).map(|_| any(&mut random)).unzip();
        let (seen, _) = outcome(&[], plays, priced()).await;
        let (status, calls) = table(&letters);
        assert_eq!(
            (seen.status, seen.calls.len()),
            (status, calls),
            "seed {seed}: {letters:?}"
        );
        let quote = match status {
            201 => Generated,
            202 => Pending,
            _ => Failed,
        };
        assert_eq!(
            (seen.quote, seen.queued.len()),
            (quote, usize::from(status == 202)),
            "seed {seed}: {letters:?}"
        );
    }
}
