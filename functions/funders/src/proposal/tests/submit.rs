//! The failure table for proposals: every failure of a funder, which never takes a proposal twice.

use std::sync::Arc;
use std::time::Duration;

use model::id::ProposalId;
use model::proposal::ProposalStatus::{self, Failed, Pending, Submitted};
use model::quote::QuoteStatus;
use runtime::testing::{Harness, SuspendAt};
use runtime::transport::Conclusion;
use serde_json::json;

use crate::Env;
use crate::proposal::Phase;
use crate::testing::FailureMode::{Answer, Reset, RetryAfter, Silent};
use crate::testing::Reaction::{self, Fails, Loses, Unreachable, Well};
use crate::testing::{FakeFunder, FundersHarness, WEBHOOK_SECRETS, proposal_harness, proposal_harness_with};

const FUNDERS: [&str; 2] = ["LEX", "ALPHABET"];
const REFUSAL: &str = r#"{"errors":[{"code":"X1","message":"no such address","field":"customer.address"}]}"#;
const SUBMIT: &str = "funders-proposal-submit";

/// A proposal after one delivery, with a funder that reacts like this.
async fn submitted(
    name: &str,
    reactions: impl IntoIterator<Item = Reaction>,
    settings: &[(&str, &str)],
) -> (Harness<Env>, Arc<FakeFunder>, ProposalId) {
    let (h, funder) = proposal_harness_with(settings);
    let id = h.proposal(name);
    funder.submissions(reactions);
    assert_eq!(h.submit(id).await, Some(true));
    (h, funder, id)
}

fn state(h: &Harness<Env>, id: ProposalId) -> (ProposalStatus, Phase) {
    let row = h.proposal_row(id);
    (row.status, row.phase)
}

async fn redeliver(h: &Harness<Env>, id: ProposalId, deliveries: u32) {
    let body = json!({"id": id}).to_string();
    assert_eq!(h.redeliver(SUBMIT, &body, deliveries).await, Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_taken_proposal_gets_the_funders_status() {
    for name in FUNDERS {
        for (word, status, event) in [
            ("SUBMITTED", Submitted, "proposal.submitted"),
            ("REFERRED", ProposalStatus::Referred, "proposal.referred"),
            ("ACCEPTED", ProposalStatus::Approved, "proposal.approved"),
            ("DECLINED", ProposalStatus::Declined, "proposal.declined"),
        ] {
            let (h, funder, id) = submitted(name, [Well(word)], &[]).await;
            let row = h.proposal_row(id);
            assert_eq!(
                (row.status, row.phase, row.external_id.as_deref()),
                (status, Phase::Sent, Some("P1"))
            );
            assert_eq!(row.is_idle(), status.is_final(), "a final status is not asked after");
            assert_eq!(h.announced().iter().map(|event| event.0).collect::<Vec<_>>(), [event]);
            assert_eq!(h.log().len(), 1);
            // Any number of deliveries later.
            for deliveries in 1..5 {
                redeliver(&h, id, deliveries).await;
            }
            assert_eq!((funder.posts().len(), h.announced().len()), (1, 1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_proposal_that_may_have_arrived_is_never_sent_again() {
    let failures = [
        Reset,
        Silent,
        Answer(500, ""),
        Answer(502, ""),
        Answer(503, ""),
        Answer(504, ""),
        Answer(404, ""),
        Answer(302, ""),
    ];
    let unusable = [
        "",
        "{",
        "[]",
        "{}",
        r#"{"proposal_id":"","cust_reference":"x","status":"SUBMITTED","ProposalReference":"","Status":"Submitted"}"#,
        r#"{"proposal_id":"P","cust_reference":"x","status":"MAYBE","ProposalReference":"P","Status":"Maybe"}"#,
        r#"{"HasError":true,"proposal_id":1}"#,
    ];
    let failures = failures.into_iter().chain(unusable.map(|body| Answer(200, body)));
    for name in FUNDERS {
        for failure in failures.clone() {
            for reaction in [Loses(failure.clone()), Fails(failure.clone())] {
                let (h, funder, id) = submitted(name, [reaction], &[]).await;
                assert_eq!(state(&h, id), (Pending, Phase::Unknown), "{name} {failure:?}");
                assert!(h.announced().is_empty() && h.sent("submit").is_empty());
                for deliveries in 1..6 {
                    redeliver(&h, id, deliveries).await;
                }
                assert_eq!(
                    (funder.posts().len(), funder.asked().len()),
                    (1, 0),
                    "{name} {failure:?}"
                );
                let quote = h.quote_row(h.proposal_row(id).quote_id);
                assert_eq!(
                    quote.status,
                    QuoteStatus::Converted,
                    "no other proposal may use the price meanwhile"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_proposal_that_did_not_arrive_is_sent_again_later_and_then_fails() {
    for name in FUNDERS {
        for reaction in [
            Unreachable,
            Fails(Answer(429, "")),
            Fails(RetryAfter(429, "0")),
            Fails(RetryAfter(503, "0")),
            Fails(RetryAfter(429, "-1")),
        ] {
            let (h, funder, id) = submitted(name, [reaction.clone()], &[]).await;
            assert_eq!(state(&h, id), (Pending, Phase::Waiting), "{name} {reaction:?}");
            let sent = h.fakes.queue.take().pop().unwrap();
            assert_eq!(
                (sent.url.as_str(), sent.delay),
                ("submit", Duration::from_secs(30)),
                "{reaction:?}"
            );
            tokio::time::advance(sent.delay).await;
            assert_eq!(h.deliver(SUBMIT, &sent.body).await, Some(true));
            assert_eq!((state(&h, id), funder.all_taken()), ((Submitted, Phase::Sent), 1));
        }
        let (h, _, id) = submitted(name, vec![Unreachable; 50], &[]).await;
        let mut delays = Vec::new();
        while let Some(sent) = h.fakes.queue.take().pop() {
            delays.push(sent.delay.as_secs());
            tokio::time::advance(sent.delay).await;
            assert_eq!(h.deliver(SUBMIT, &sent.body).await, Some(true));
        }
        assert_eq!(delays, [30, 60, 120, 240, 300]);
        let row = h.proposal_row(id);
        assert_eq!(
            (row.status, row.failure.unwrap().code.as_str()),
            (Failed, "funder-unreachable")
        );
        assert_eq!(
            h.quote_row(row.quote_id).status,
            QuoteStatus::Generated,
            "the price may be used again"
        );
        assert_eq!(h.announced().pop().unwrap().0, "proposal.failed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_funder_that_asks_for_a_wait_is_not_called_meanwhile() {
    for name in FUNDERS {
        let (h, funder, id) = submitted(name, [Fails(RetryAfter(429, "120"))], &[]).await;
        let sent = h.fakes.queue.take().pop().unwrap();
        assert_eq!(sent.delay, Duration::from_secs(120));
        // An extra message comes too early: the gate stops the call.
        assert_eq!(h.deliver(SUBMIT, &sent.body).await, Some(true));
        assert_eq!((funder.posts().len(), state(&h, id)), (1, (Pending, Phase::Waiting)));
        tokio::time::advance(Duration::from_secs(121)).await;
        assert_eq!(h.deliver(SUBMIT, &sent.body).await, Some(true));
        assert_eq!((funder.posts().len(), state(&h, id)), (2, (Submitted, Phase::Sent)));
        let (h, _, id) = submitted(name, [Fails(RetryAfter(429, "3000"))], &[]).await;
        let failure = h.proposal_row(id).failure.unwrap();
        assert_eq!(
            (failure.code.as_str(), failure.retry_after),
            ("funder-throttled", Some(3000))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_reasons_and_frees_the_quote() {
    for name in FUNDERS {
        for status in [400, 422] {
            let (h, funder, id) = submitted(name, [Fails(Answer(status, REFUSAL))], &[]).await;
            let row = h.proposal_row(id);
            let failure = row.failure.clone().unwrap();
            assert_eq!((row.status, failure.code.as_str()), (Failed, "funder-rejected"));
            if name == "LEX" {
                assert_eq!(
                    (failure.partner_code.as_deref(), failure.errors[0].1.as_str()),
                    (Some("X1"), "no such address")
                );
            }
            let quote = h.quote_row(row.quote_id);
            assert_eq!((quote.status, quote.proposal_id), (QuoteStatus::Generated, None));
            assert_eq!(h.submit(id).await, Some(true));
            assert_eq!((funder.posts().len(), h.announced().len()), (1, 1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_renewed_once() {
    for name in FUNDERS {
        for status in [401, 403] {
            let refused = Fails(Answer(status, ""));
            let (h, funder, id) = submitted(name, [refused.clone()], &[]).await;
            assert_eq!((funder.posts().len(), state(&h, id)), (2, (Submitted, Phase::Sent)));
            let (h, funder, id) = submitted(name, vec![refused.clone(); 9], &[]).await;
            let row = h.proposal_row(id);
            assert_eq!((funder.posts().len(), row.status), (2, Failed));
            assert_eq!(row.failure.unwrap().code, "funder-auth");
            assert_eq!(h.quote_row(row.quote_id).status, QuoteStatus::Generated);
            // The second attempt may have arrived.
            let (h, funder, id) = submitted(name, [refused, Loses(Reset)], &[]).await;
            assert_eq!((funder.all_taken(), state(&h, id)), (1, (Pending, Phase::Unknown)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_through_the_queue() {
    let failures = [Unreachable, Fails(RetryAfter(429, "2")), Unreachable, Well("SUBMITTED")];
    let (h, _, id) = submitted("LEX", failures, &[]).await;
    for _ in 0..3 {
        h.minutes(1).await;
        assert_eq!(h.submit(id).await, Some(true));
    }
    assert_eq!(state(&h, id), (Submitted, Phase::Sent));
    let sent: Vec<_> = h.log().into_iter().filter(|row| row.operation == "proposal").collect();
    let rows = sent.iter().map(|row| (row.retry_count, row.error.as_deref()));
    let conclusions: Vec<_> = sent.iter().map(|row| row.conclusion).collect();
    assert_eq!(conclusions, [None, None, None, Some(Conclusion::ProposalSubmitted)]);
    let kinds = [Some("unreachable"), Some("throttled"), Some("unreachable"), None];
    assert_eq!(rows.collect::<Vec<_>>(), (0..4).zip(kinds).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn without_retries_an_unreachable_funder_fails_the_proposal_and_an_unknown_outcome_is_asked_after() {
    let off = [("API_RETRY_ENABLED", "false")];
    let (h, _, id) = submitted("LEX", [Unreachable], &off).await;
    assert_eq!((state(&h, id).0, h.sent("submit").len()), (Failed, 0));
    let (h, _, id) = submitted("LEX", [Loses(Silent)], &off).await;
    assert_eq!(state(&h, id), (Pending, Phase::Unknown));
}

#[tokio::test(start_paused = true)]
async fn our_own_failure_sends_nothing_and_brings_the_message_back() {
    let (h, funder) = proposal_harness();
    let id = h.proposal("LEX");
    let secret = h.fakes.secrets.remove("lex-sandbox").unwrap();
    assert_eq!(h.submit(id).await, Some(false));
    assert_eq!((funder.posts().len(), state(&h, id)), (0, (Pending, Phase::Waiting)));
    let secret = serde_json::from_str(&secret).unwrap();
    h.fakes.secrets.set("lex-sandbox", &secret);
    h.fakes.store.set_down(true);
    assert_eq!(h.submit(id).await, Some(false));
    h.fakes.store.set_down(false);
    assert_eq!(h.submit(id).await, Some(true));
    assert_eq!((funder.all_taken(), state(&h, id)), (1, (Submitted, Phase::Sent)));
    assert_eq!(WEBHOOK_SECRETS.len(), FUNDERS.len());
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_row_is_early_once_and_then_left_over() {
    let (h, _) = proposal_harness();
    let body = json!({"id": ProposalId::new(h.now())}).to_string();
    assert_eq!(h.deliver(SUBMIT, &body).await, Some(false));
    assert_eq!(h.redeliver(SUBMIT, &body, 2).await, Some(true));
    assert_eq!(h.deliver(SUBMIT, "no JSON").await, Some(true), "parked");
    let dead = h.sent("dead");
    assert_eq!((dead.len(), dead[0].reason.as_deref()), (1, Some("malformed")));
}

/// A worker publishes an event and crashes before it records that; another changes the row, and a third publishes again.
#[tokio::test(start_paused = true)]
async fn an_event_that_is_published_again_is_the_same_event() {
    let mut repeated = 0;
    for steps in 0.. {
        let (h, funder) = proposal_harness();
        let id = h.proposal("LEX");
        let crashed = h.crash_after(steps).submit(id).await.is_none();
        tokio::time::advance(Duration::from_secs(180)).await;
        h.touch(id);
        h.submit(id).await;
        funder.questions(vec![Unreachable; 2]);
        h.minutes(4).await;
        let mut events = h.announced();
        repeated += u32::from(events.len() > 1);
        events.dedup();
        if h.proposal_row(id).status == Submitted {
            assert_eq!(events.len(), 1, "after {steps} steps: {events:?}");
        }
        if !crashed {
            break;
        }
    }
    assert!(repeated > 0, "no event was published twice");
}

/// An instance crashes at every step there is; the message comes back, and the schedule asks a funder that may have it.
#[tokio::test(start_paused = true)]
async fn a_crash_at_any_step_sends_nothing_twice_and_loses_nothing() {
    for name in FUNDERS {
        for reaction in [
            Well("SUBMITTED"),
            Well("ACCEPTED"),
            Loses(Reset),
            Fails(Answer(422, REFUSAL)),
            Unreachable,
        ] {
            let mut sending = 0;
            for steps in 0.. {
                let (h, funder) = proposal_harness();
                let id = h.proposal(name);
                funder.submissions([reaction.clone()]);
                let crashed = h.crash_after(steps).submit(id).await.is_none();
                sending += u32::from(crashed && h.phase(id) == Phase::Sending);
                tokio::time::advance(Duration::from_secs(180)).await;
                for _ in 0..2 {
                    h.submit(id).await;
                }
                for _ in 0..60 {
                    h.minutes(1).await;
                    for sent in h.fakes.queue.take() {
                        h.deliver(SUBMIT, &sent.body).await;
                    }
                }
                let row = h.proposal_row(id);
                let taken = funder.taken(&id.to_string());
                assert_eq!(
                    taken.map_or(0, |(count, _)| count),
                    u32::from(row.status != Failed),
                    "{reaction:?} {steps}"
                );
                match reaction {
                    Well("ACCEPTED") => {
                        assert!(row.status == ProposalStatus::Approved || taken == Some((1, "SUBMITTED")))
                    }
                    Fails(_) if !crashed => assert_eq!(row.status, Failed),
                    _ => assert!(matches!(row.status, Submitted | Failed)),
                }
                let events = h.announced();
                let mut distinct = events.clone();
                distinct.sort();
                distinct.dedup();
                assert_eq!(
                    distinct.len(),
                    1,
                    "{reaction:?} after {steps} steps: repeated events are the same: {events:?}"
                );
                if !crashed {
                    break;
                }
            }
            assert!(sending > 0, "no instance crashed while sending");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_workers_one_sends() {
    for step in 0..24 {
        let (h, funder) = proposal_harness();
        let id = h.proposal("LEX");
        let suspended = Arc::new(SuspendAt::new(step));
        let slow = h.faulty(suspended.clone());
        let other = async {
            h.submit(id).await;
            suspended.resume();
        };
        tokio::join!(slow.submit(id), other);
        assert_eq!((funder.posts().len(), state(&h, id).0), (1, Submitted), "step {step}");
    }
}
