//! The failure table: every failure of a funder, at every attempt of every step, and the result that it must have.

use std::time::Duration;

use model::quote::QuoteStatus::{Failed, Generated, Pending};
use runtime::testing::Script;
use runtime::transport::AttemptStatus;

use super::case::{CASES, Case, outcome};
use crate::testing::{FundersHarness, GENERATE, PRICED, calculation, good, harness, sample};

pub fn status(code: u16) -> Script {
    Script::answer(code, r#"{"errors":[{"code":"X","message":"no"}]}"#)
}

pub fn wait(code: u16, retry_after: &str) -> Script {
    Script::Answer {
        status: code,
        headers: vec![("retry-after", retry_after.to_owned())],
        body: String::new(),
    }
}

/// When the attempts of the default policy are made.
const TIMES: [f64; 4] = [0.0, 1.0, 3.0, 7.0];

/// Everything at every step of every funder.
fn every<T: Clone>(all: &[T]) -> Vec<(Case, T)> {
    let each = |case: Case| all.iter().map(move |one| (case, one.clone()));
    CASES.into_iter().flat_map(each).collect()
}

/// `before` transient failures, then `script`.
fn after(before: usize, script: impl IntoIterator<Item = Script>) -> Vec<Script> {
    std::iter::repeat_n(status(500), before).chain(script).collect()
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_retried_and_then_left_to_the_queue() {
    let transient = [
        Script::Unreachable,
        Script::Reset,
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
    for (case, answer) in every(&transient) {
        for position in 0..3 {
            let (seen, _) = case.outcome(&[], after(position, [answer.clone()]), good()).await;
            assert_eq!(
                seen,
                case.expected(201, "", Generated, &TIMES[..position + 2]),
                "{case:?} {answer:?} at {position}"
            );
        }
        let (seen, h) = case.outcome(&[], vec![], answer.clone()).await;
        assert_eq!(
            seen,
            case.expected(202, "", Pending, &TIMES),
            "{case:?} {answer:?} for good"
        );
        let log = h.log().into_iter().filter(|row| row.status != AttemptStatus::Success);
        let log: Vec<_> = log.map(|row| (row.status, row.retry_count)).collect();
        let retried = AttemptStatus::Retry;
        assert_eq!(
            log,
            [(retried, 0), (retried, 1), (retried, 2), (AttemptStatus::Failed, 3)]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_costs_one_attempt_and_not_the_budget() {
    let late = Script::Late(Duration::from_secs(60), Box::new(good()));
    for case in CASES {
        for position in 0..3 {
            let (seen, _) = case.outcome(&[], after(position, [late.clone()]), good()).await;
            let mut calls = TIMES[..=position].to_vec();
            calls.push(TIMES[position] + 8.0 + [1.0, 2.0, 4.0][position]);
            assert_eq!(
                seen,
                case.expected(201, "", Generated, &calls),
                "{case:?} at {position}"
            );
        }
        let (seen, h) = case.outcome(&[], vec![], late.clone()).await;
        assert_eq!(seen, case.expected(202, "", Pending, &[0.0, 9.0, 19.0]));
        assert_eq!(h.started().elapsed(), Duration::from_secs(25));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_a_funder_asks_for_is_kept() {
    for case in CASES {
        for position in 0..3 {
            let (seen, _) = case.outcome(&[], after(position, [wait(429, "5")]), good()).await;
            let mut calls = TIMES[..=position].to_vec();
            calls.push(TIMES[position] + 5.0);
            assert_eq!(
                seen,
                case.expected(201, "", Generated, &calls),
                "{case:?} at {position}"
            );
        }
        for long in ["11", "60", "Mon, 30 Dec 2024 10:21:00 GMT"] {
            let (seen, _) = case.outcome(&[], vec![wait(429, long)], good()).await;
            assert_eq!(seen, case.expected(202, "", Pending, &[0.0]), "{case:?} {long}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_kept_by_all_instances_and_for_that_funder_only() {
    for (funder, other) in [("LEX", "ALPHABET"), ("ALPHABET", "LEX")] {
        let (seen, h) = outcome(funder, &[], vec![wait(429, "60")], good()).await;
        assert_eq!((seen.status, seen.calls.len()), (202, 1));
        let again = h.post(GENERATE, sample(funder)).await;
        assert_eq!(
            (again.status, h.calls().len()),
            (202, 1),
            "the gate stops the next call"
        );
        assert!(again.header("retry-after").is_some());
        let instance = h.instance();
        let shut = partners_funders::funder(funder).unwrap();
        let env = instance.env_of("funders-quote-generate");
        let target = env.target(shut, model::quote::Environment::Sandbox).unwrap();
        env.outbound.warm(&target, h.clock()).await;
        let again = instance.post(GENERATE, sample(funder)).await;
        assert_eq!((again.status, h.calls().len()), (202, 1), "in other instances too");
        let another = h.post(GENERATE, sample(other)).await;
        assert_eq!(another.status, 201, "another funder asked for nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_in_the_response_and_at_most_an_hour() {
    for case in CASES {
        let h = harness();
        let before = std::iter::repeat_n(good(), case.step);
        h.fakes.transport.script(before.chain([wait(429, "86400")]), good());
        let got = h.post(GENERATE, sample(case.funder)).await;
        assert_eq!((got.status, got.header("retry-after")), (202, Some("3600")), "{case:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final_and_has_reasons() {
    let lex = include_str!("../../../../../shared/partners/funders/fixtures/lex/quote.refusal.json");
    let words = r#""Code":"VehicleNotFound","UserMessage":"No such vehicle.""#;
    let alphabet = format!(r#"{{"HasError":true,"Error":{{{words}}}}}"#);
    for (case, code) in every(&[400, 422]) {
        // ALPHABET's reasons come with a 200.
        let refusal = match case.funder {
            "LEX" => Script::answer(code, lex),
            _ => Script::answer(200, alphabet.clone()),
        };
        for position in 0..4 {
            let (seen, h) = case.outcome(&[], after(position, [refusal.clone()]), good()).await;
            assert_eq!(
                seen,
                case.expected(422, "funder-rejected", Failed, &TIMES[..=position]),
                "{case:?}"
            );
            assert_eq!(h.quote().failure.unwrap().errors[0].0, "vehicleDetails.capId");
            let (seen, _) = case.outcome(&[], after(position, [status(code)]), good()).await;
            assert_eq!(
                seen,
                case.expected(422, "funder-rejected", Failed, &TIMES[..=position]),
                "{case:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_renewed_once_and_are_never_the_callers_fault() {
    for (case, code) in every(&[401, 403]) {
        for position in 0..4 {
            let mut calls = TIMES[..=position].to_vec();
            calls.push(TIMES[position]);
            let (seen, h) = case.outcome(&[], after(position, [status(code)]), good()).await;
            assert_eq!(seen, case.expected(201, "", Generated, &calls), "{case:?}");
            assert_eq!(*h.fakes.secrets.reads.lock().unwrap(), 2, "the secret is fetched again");
            let twice = after(position, [status(code), status(code)]);
            let (seen, _) = case.outcome(&[], twice, good()).await;
            assert_eq!(seen, case.expected(502, "funder-auth", Failed, &calls), "{case:?}");
        }
    }
}

/// Answers that cannot be used, for each step.
fn unusable(case: Case) -> Vec<Script> {
    let mut each = vec![
        Script::answer(200, "<html>"),
        Script::answer(200, "{}"),
        Script::answer(204, ""),
        status(302),
        status(404),
    ];
    match (case.funder, case.step) {
        ("LEX", _) => each.extend([
            Script::answer(200, PRICED.replace("450.00", "-1")),
            Script::answer(200, PRICED.replace("\"status\"", "\"currency\":\"EUR\",\"status\"")),
        ]),
        (_, 2) => each.extend([
            Script::By(|request| Script::answer(200, calculation(request.body(), "PCP"))),
            Script::By(|request| Script::answer(200, calculation(request.body(), "PCH").replace("18700", "18701"))),
            Script::By(|request| Script::answer(200, calculation(request.body(), "PCH").replace("450", "-450"))),
            Script::answer(200, r#"{"Vehicles":[{"Id":"another quote's"}]}"#),
        ]),
        _ => each.push(Script::answer(200, r#"{"HasError":true}"#)),
    }
    each
}

#[tokio::test(start_paused = true)]
async fn an_unusable_success_gets_one_more_chance_and_is_never_a_price() {
    for case in CASES {
        for answer in unusable(case) {
            for position in 0..3 {
                let (seen, _) = case.outcome(&[], after(position, [answer.clone()]), good()).await;
                let calls = &TIMES[..position + 2];
                assert_eq!(seen, case.expected(201, "", Generated, calls), "{case:?} {answer:?}");
                let twice = after(position, [answer.clone(), answer.clone()]);
                let (seen, _) = case.outcome(&[], twice, good()).await;
                let bad = case.expected(502, "funder-bad-response", Failed, calls);
                assert_eq!(seen, bad, "{case:?} {answer:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_retries_the_caller_gets_the_failure_at_once() {
    let off = [("API_RETRY_ENABLED", "false")];
    let late = Script::Late(Duration::from_secs(60), Box::new(good()));
    let table = [
        (Script::Unreachable, 503, "funder-unreachable"),
        (status(500), 503, "funder-error"),
        (wait(429, "5"), 503, "funder-throttled"),
        (late, 504, "funder-timeout"),
        (Script::Reset, 504, "funder-reset"),
        (Script::answer(200, "{}"), 502, "funder-bad-response"),
        (self::status(400), 422, "funder-rejected"),
    ];
    for (case, (answer, status, code)) in every(&table) {
        let (seen, h) = case.outcome(&off, vec![answer], good()).await;
        assert_eq!(seen, case.expected(status, code, Failed, &[0.0]), "{case:?}");
        let retryable = h.quote().failure.unwrap().to_error().kind.rule().retryable;
        assert_eq!(retryable, status > 502);
    }
}

#[tokio::test(start_paused = true)]
async fn the_partners_own_settings_count() {
    for (case, other) in CASES.into_iter().zip(["ALPHABET", "LEX", "LEX", "LEX"]) {
        let name = |funder: &str, what: &str| format!("{funder}_{what}");
        let names = [
            name(case.funder, "MAX_RETRIES"),
            name(case.funder, "RETRY_BASE_DELAY"),
            name(other, "MAX_RETRIES"),
        ];
        let own = [
            (names[0].as_str(), "5"),
            (names[1].as_str(), "2000"),
            (names[2].as_str(), "0"),
        ];
        let (seen, _) = case.outcome(&own, vec![], status(500)).await;
        assert_eq!(
            seen,
            case.expected(202, "", Pending, &[0.0, 2.0, 6.0, 14.0]),
            "{case:?}: a fifth call would not fit the budget"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_store_is_the_hubs_failure() {
    for funder in model::partner::FUNDERS {
        let h = harness();
        h.fakes.transport.script([], good());
        h.fakes.store.set_down(true);
        let got = h.post(GENERATE, sample(funder)).await;
        assert_eq!((got.status, got.code().as_str()), (503, "unavailable"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failures_answer_is_logged_without_personal_data() {
    let refusal = r#"{"errors":[{"code":"INVALID_FIELD","message":"jane.roe@example.com is too young"}]}"#;
    for (code, body) in [
        (422, refusal),
        (401, refusal),
        (429, refusal),
        (500, "<html>jane.roe@example.com</html>"),
        (200, r#"{"customer":"jane.roe@example.com"}"#),
    ] {
        for case in CASES {
            let (_, h) = case.outcome(&[], vec![], Script::answer(code, body)).await;
            let log = h.log().into_iter().filter(|row| row.status != AttemptStatus::Success);
            let failed: Vec<_> = log.collect();
            assert!(!failed.is_empty());
            for row in failed {
                assert_eq!(row.http_status, Some(code));
                let seen = row.response.unwrap();
                assert!(!seen.contains("jane"), "{seen}");
                if row.partner == "LEX" && body == refusal {
                    let masked = r#""code":"INVALID_FIELD","message":"***.***@***.*** is too young""#;
                    assert!(seen.contains(masked), "{seen}");
                } else {
                    assert!(seen.contains("[REDACTED len="), "{seen}");
                    assert!(!seen.contains("INVALID_FIELD"), "only what an adapter allows: {seen}");
                }
            }
        }
    }
}
