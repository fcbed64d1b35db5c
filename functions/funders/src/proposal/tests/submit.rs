//! The failure table for proposals: what a funder may do with one, and that it never gets it twice.

use std::time::Duration;

use model::id::ProposalId;
use model::proposal::ProposalStatus::{self, Failed, Pending, Submitted};
use model::quote::QuoteStatus;
use serde_json::json;

use super::bank::Does::{self, Fails, Loses, Unreachable, Well};
use super::bank::How::{Reset, Says, Silent, Waits};
use super::house::{House, SECRETS};
use crate::proposal::{Stage, submit::submit};

const FUNDERS: [&str; 2] = ["LEX", "ALPHABET"];
const REFUSAL: &str = r#"{"errors":[{"code":"X1","message":"no such address","field":"customer.address"}]}"#;

/// A proposal of which the funder's first answers are these, after one delivery.
async fn once(funder: &str, plays: impl IntoIterator<Item = Does>, settings: &[(&str, &str)]) -> (House, ProposalId) {
    let house = House::with(settings);
    let id = house.proposal(funder);
    house.bank.submissions(plays);
    assert_eq!(house.submit(id).await, Some(true));
    (house, id)
}

fn state(house: &House, id: ProposalId) -> (ProposalStatus, Stage) {
    let row = house.row(id);
    (row.status, row.stage)
}

#[tokio::test(start_paused = true)]
async fn what_the_funder_takes_is_decided_as_it_says() {
    for funder in FUNDERS {
        for (word, status, event) in [
            ("SUBMITTED", Submitted, "proposal.submitted"),
            ("REFERRED", ProposalStatus::Referred, "proposal.referred"),
            ("ACCEPTED", ProposalStatus::Approved, "proposal.approved"),
            ("DECLINED", ProposalStatus::Declined, "proposal.declined"),
        ] {
            let (house, id) = once(funder, [Well(word)], &[]).await;
            let row = house.row(id);
            assert_eq!(
                (row.status, row.stage, row.external_id.as_deref()),
                (status, Stage::Sent, Some("P1"))
            );
            assert_eq!(row.rests(), status.is_final(), "what is final is not asked after");
            assert_eq!(house.said().iter().map(|said| said.0).collect::<Vec<_>>(), [event]);
            assert_eq!(house.world.store.table("log").len(), 1);
            // Any number of deliveries later.
            for deliveries in 1..5 {
                assert_eq!(
                    house.deliver(submit, &json!({"id": id}).to_string(), deliveries).await,
                    Some(true)
                );
            }
            assert_eq!((house.bank.posts().len(), house.said().len()), (1, 1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_have_arrived_is_never_sent_again() {
    let hows = [
        Reset,
        Silent,
        Says(500, ""),
        Says(502, ""),
        Says(503, ""),
        Says(504, ""),
        Says(404, ""),
        Says(302, ""),
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
    let hows = hows.into_iter().chain(unusable.map(|body| Says(200, body)));
    for funder in FUNDERS {
        for how in hows.clone() {
            for arrived in [true, false] {
                let does = if arrived {
                    Loses(how.clone())
                } else {
                    Fails(how.clone())
                };
                let (house, id) = once(funder, [does], &[]).await;
                assert_eq!(state(&house, id), (Pending, Stage::Unknown), "{funder} {how:?}");
                assert!(house.said().is_empty() && house.sent("submit").is_empty());
                for deliveries in 1..6 {
                    assert_eq!(
                        house.deliver(submit, &json!({"id": id}).to_string(), deliveries).await,
                        Some(true)
                    );
                }
                assert_eq!(
                    (house.bank.posts().len(), house.bank.asked().len()),
                    (1, 0),
                    "{funder} {how:?}"
                );
                let quote = house.quote_row(house.row(id).quote_id);
                assert_eq!(
                    quote.status,
                    QuoteStatus::Converted,
                    "nobody else may take the price meanwhile"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_did_not_arrive_is_sent_again_later_and_then_given_up() {
    for funder in FUNDERS {
        for does in [
            Unreachable,
            Fails(Says(429, "")),
            Fails(Waits(429, "0")),
            Fails(Waits(503, "0")),
            Fails(Waits(429, "-1")),
        ] {
            let (house, id) = once(funder, [does.clone()], &[]).await;
            assert_eq!(state(&house, id), (Pending, Stage::Waiting), "{funder} {does:?}");
            let sent = house.world.outbox.take().pop().unwrap();
            assert_eq!(
                (sent.url.as_str(), sent.delay),
                ("submit", Duration::from_secs(30)),
                "{does:?}"
            );
            tokio::time::advance(sent.delay).await;
            assert_eq!(house.deliver(submit, &sent.body, 1).await, Some(true));
            assert_eq!(
                (state(&house, id), house.bank.all_taken()),
                ((Submitted, Stage::Sent), 1)
            );
        }
        let (house, id) = once(funder, vec![Unreachable; 50], &[]).await;
        let mut delays = Vec::new();
        while let Some(sent) = house.world.outbox.take().pop() {
            delays.push(sent.delay.as_secs());
            tokio::time::advance(sent.delay).await;
            assert_eq!(house.deliver(submit, &sent.body, 1).await, Some(true));
        }
        assert_eq!(delays, [30, 60, 120, 240, 300]);
        let row = house.row(id);
        assert_eq!(
            (row.status, row.failure.unwrap().code.as_str()),
            (Failed, "funder-unreachable")
        );
        assert_eq!(
            house.quote_row(row.quote_id).status,
            QuoteStatus::Generated,
            "the price may be taken again"
        );
        assert_eq!(house.said().pop().unwrap().0, "proposal.failed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_funder_that_asks_to_wait_is_left_alone_for_so_long() {
    for funder in FUNDERS {
        let (house, id) = once(funder, [Fails(Waits(429, "120"))], &[]).await;
        let sent = house.world.outbox.take().pop().unwrap();
        assert_eq!(sent.delay, Duration::from_secs(120));
        // A message too many comes too early: the gate keeps it from the funder.
        assert_eq!(house.deliver(submit, &sent.body, 1).await, Some(true));
        assert_eq!(
            (house.bank.posts().len(), state(&house, id)),
            (1, (Pending, Stage::Waiting))
        );
        tokio::time::advance(Duration::from_secs(121)).await;
        assert_eq!(house.deliver(submit, &sent.body, 1).await, Some(true));
        assert_eq!(
            (house.bank.posts().len(), state(&house, id)),
            (2, (Submitted, Stage::Sent))
        );
        let (house, id) = once(funder, [Fails(Waits(429, "3000"))], &[]).await;
        let failure = house.row(id).failure.unwrap();
        assert_eq!(
            (failure.code.as_str(), failure.retry_after),
            ("funder-throttled", Some(3000))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_why_and_frees_the_quote() {
    for funder in FUNDERS {
        for status in [400, 422] {
            let (house, id) = once(funder, [Fails(Says(status, REFUSAL))], &[]).await;
            let row = house.row(id);
            let failure = row.failure.clone().unwrap();
            assert_eq!((row.status, failure.code.as_str()), (Failed, "funder-rejected"));
            if funder == "LEX" {
                assert_eq!(
                    (failure.partner_code.as_deref(), failure.errors[0].1.as_str()),
                    (Some("X1"), "no such address")
                );
            }
            let quote = house.quote_row(row.quote_id);
            assert_eq!((quote.status, quote.proposal_id), (QuoteStatus::Generated, None));
            assert_eq!(house.submit(id).await, Some(true));
            assert_eq!((house.bank.posts().len(), house.said().len()), (1, 1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_get_one_fresh_start() {
    for funder in FUNDERS {
        for status in [401, 403] {
            let (house, id) = once(funder, [Fails(Says(status, ""))], &[]).await;
            assert_eq!(
                (house.bank.posts().len(), state(&house, id)),
                (2, (Submitted, Stage::Sent))
            );
            let (house, id) = once(funder, vec![Fails(Says(status, "")); 9], &[]).await;
            let row = house.row(id);
            assert_eq!((house.bank.posts().len(), row.status), (2, Failed));
            assert_eq!(row.failure.unwrap().code, "funder-auth");
            assert_eq!(house.quote_row(row.quote_id).status, QuoteStatus::Generated);
            // The second sending may have arrived.
            let (house, id) = once(funder, [Fails(Says(status, "")), Loses(Reset)], &[]).await;
            assert_eq!(
                (house.bank.all_taken(), state(&house, id)),
                (1, (Pending, Stage::Unknown))
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_retries_what_did_not_arrive_has_failed_and_what_may_have_is_asked_after() {
    let off = [("API_RETRY_ENABLED", "false")];
    let (house, id) = once("LEX", [Unreachable], &off).await;
    assert_eq!((state(&house, id).0, house.sent("submit").len()), (Failed, 0));
    let (house, id) = once("LEX", [Loses(Silent)], &off).await;
    assert_eq!(state(&house, id), (Pending, Stage::Unknown));
}

#[tokio::test(start_paused = true)]
async fn our_own_trouble_sends_nothing_and_brings_the_message_back() {
    let house = House::new();
    let id = house.proposal("LEX");
    let secret = house.world.safe.secrets.lock().unwrap().remove("lex-sandbox").unwrap();
    assert_eq!(house.submit(id).await, Some(false));
    assert_eq!(
        (house.bank.posts().len(), state(&house, id)),
        (0, (Pending, Stage::Waiting))
    );
    house
        .world
        .safe
        .secrets
        .lock()
        .unwrap()
        .insert("lex-sandbox".into(), secret);
    house.world.store.set_down(true);
    assert_eq!(house.submit(id).await, Some(false));
    house.world.store.set_down(false);
    assert_eq!(house.submit(id).await, Some(true));
    assert_eq!(
        (house.bank.all_taken(), state(&house, id)),
        (1, (Submitted, Stage::Sent))
    );
    assert_eq!(SECRETS.len(), FUNDERS.len());
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_row_is_early_once_and_then_left_over() {
    let house = House::new();
    let body = json!({"id": ProposalId::new(house.now())}).to_string();
    assert_eq!(house.deliver(submit, &body, 1).await, Some(false));
    assert_eq!(house.deliver(submit, &body, 2).await, Some(true));
    assert_eq!(house.deliver(submit, "no JSON", 1).await, Some(true), "parked");
    let dead = house.sent("dead");
    assert_eq!((dead.len(), dead[0].reason.as_deref()), (1, Some("malformed")));
}

/// Told by one who died before writing that down, after which another changes the row and a third tells it again.
#[tokio::test(start_paused = true)]
async fn news_that_is_told_again_is_the_same_news() {
    let mut repeated = 0;
    for steps in 0.. {
        let house = House::new();
        let id = house.proposal("LEX");
        let died = house.dying(steps).submit(id).await.is_none();
        tokio::time::advance(Duration::from_secs(180)).await;
        house.touch(id);
        house.submit(id).await;
        house.bank.questions(vec![Unreachable; 2]);
        house.minutes(4).await;
        let mut said = house.said();
        repeated += u32::from(said.len() > 1);
        said.dedup();
        if house.row(id).status == Submitted {
            assert_eq!(said.len(), 1, "after {steps} steps: {said:?}");
        }
        if !died {
            break;
        }
    }
    assert!(repeated > 0, "nothing was told twice");
}

/// A sandbox dies at every step there is; the message comes back, and the funder is asked where it may have it.
#[tokio::test(start_paused = true)]
async fn a_crash_at_any_step_sends_nothing_twice_and_loses_nothing() {
    for funder in FUNDERS {
        for does in [
            Well("SUBMITTED"),
            Well("ACCEPTED"),
            Loses(Reset),
            Fails(Says(422, REFUSAL)),
            Unreachable,
        ] {
            let mut unknown = 0;
            for steps in 0.. {
                let house = House::new();
                let id = house.proposal(funder);
                house.bank.submissions([does.clone()]);
                let died = house.dying(steps).submit(id).await.is_none();
                let stage = house.stage(id);
                unknown += u32::from(died && stage == Stage::Sending);
                tokio::time::advance(Duration::from_secs(180)).await;
                for _ in 0..2 {
                    house.submit(id).await;
                }
                for _ in 0..60 {
                    house.minutes(1).await;
                    for sent in house.world.outbox.take() {
                        house.deliver(submit, &sent.body, 1).await;
                    }
                }
                let row = house.row(id);
                let taken = house.bank.taken(&id.to_string());
                assert_eq!(
                    taken.map_or(0, |(count, _)| count),
                    u32::from(row.status != Failed),
                    "{does:?} {steps}"
                );
                match does {
                    Well("ACCEPTED") => {
                        assert!(row.status == ProposalStatus::Approved || taken == Some((1, "SUBMITTED")))
                    }
                    Fails(_) if !died => assert_eq!(row.status, Failed),
                    _ => assert!(matches!(row.status, Submitted | Failed)),
                }
                let events: Vec<_> = house.said().into_iter().collect();
                let mut distinct = events.clone();
                distinct.sort();
                distinct.dedup();
                assert_eq!(
                    distinct.len(),
                    1,
                    "{does:?} after {steps} steps: repeated news are the same: {events:?}"
                );
                if !died {
                    break;
                }
            }
            assert!(unknown > 0, "nobody died while sending");
        }
    }
}
