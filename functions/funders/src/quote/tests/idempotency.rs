//! One quote, one effect: repeated calls, crashes, and late answers.

use std::future::IntoFuture;
use std::time::Duration;

use futures_util::future::join_all;
use model::quote::QuoteStatus;
use runtime::testing::{Harness, Script, TestRequest};

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, JOHN, SAMPLE, harness, priced};

const REPLAYED: &str = "idempotent-replayed";

fn request(h: &Harness<Env>) -> TestRequest<'_> {
    h.post(GENERATE, SAMPLE).key("order-7")
}

#[tokio::test(start_paused = true)]
async fn a_repeated_key_gets_the_first_response() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let first = request(&h).await;
    let second = request(&h).await;
    assert_eq!((first.status, second.status, &first.text), (201, 201, &second.text));
    assert_eq!((first.header(REPLAYED), second.header(REPLAYED)), (None, Some("true")));
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!((h.quotes().len(), h.calls().len()), (1, 1));
    let other = request(&h).body(SAMPLE.replace("38000", "39000")).await;
    assert_eq!((other.status, other.code().as_str()), (422, "key-reused"));
    let jane = h.as_person("jane", JOHN, &[]);
    assert_eq!(request(&jane).await.header(REPLAYED), None, "keys are the caller's own");
}

#[tokio::test(start_paused = true)]
async fn the_query_belongs_to_the_request() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let body = SAMPLE.replacen("\"funderName\": \"LEX\",", "", 1);
    assert_ne!(body, SAMPLE);
    let ask = |query: &str| h.post(&format!("{GENERATE}?{query}"), &body).key("order-7");
    let first = ask("funderName=LEX&a=1").await;
    assert_eq!(
        (first.status, first.data()["funderName"].as_str()),
        (201, Some("LEX")),
        "{}",
        first.text
    );
    assert_eq!(
        ask("a=1&funderName=LEX").await.header(REPLAYED),
        Some("true"),
        "the order does not matter"
    );
    let other = ask("funderName=ALPHABET&a=1").await;
    assert_eq!((other.status, other.code().as_str()), (422, "key-reused"));
    assert_eq!(h.quotes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_has_no_key() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let dry = || h.post(&format!("{GENERATE}?dryRun=true"), SAMPLE).key("order-7");
    assert_eq!(dry().await.status, 200);
    assert!(h.fakes.store.table("keys").is_empty());
    let first = request(&h).await;
    assert_eq!((first.status, first.header(REPLAYED)), (201, None));
    let again = dry().await;
    assert_eq!(
        (again.status, again.header(REPLAYED), again.data()["dryRun"].as_bool()),
        (200, None, Some(true))
    );
    assert_eq!(request(&h).await.header(REPLAYED), Some("true"));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_at_once_call_the_funder_once() {
    let h = harness();
    let slow = Script::Late(Duration::from_millis(200), Box::new(priced()));
    h.fakes.transport.script([], slow);
    let all = join_all((0..1000).map(|_| request(&h).into_future())).await;
    assert_eq!(all.iter().filter(|got| got.status == 201).count(), 1);
    for got in all.iter().filter(|got| got.status != 201) {
        assert_eq!(
            (got.status, got.code().as_str(), got.header("retry-after")),
            (409, "in-progress", Some("1"))
        );
    }
    assert_eq!((h.quotes().len(), h.calls().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_kept_and_our_failure_is_not() {
    let h = harness();
    h.fakes.transport.script([Script::answer(422, "{}")], priced());
    let first = request(&h).await;
    let second = request(&h).await;
    assert_eq!(
        (first.status, &first.text, second.header(REPLAYED)),
        (422, &second.text, Some("true"))
    );
    let unusable = [Script::answer(200, "{}"), Script::answer(200, "{}")];
    h.fakes.transport.script(unusable, priced());
    assert_eq!(request(&h).key("order-8").await.status, 502);
    let again = request(&h).key("order-8").await;
    assert_eq!((again.status, again.header(REPLAYED)), (201, None));
    let statuses: Vec<_> = h.quotes().iter().map(|row| row.status).collect();
    assert_eq!(
        statuses,
        [QuoteStatus::Failed, QuoteStatus::Failed, QuoteStatus::Generated]
    );
}

#[tokio::test(start_paused = true)]
async fn an_acceptance_replays_as_the_row_is_now() {
    let h = harness();
    h.fakes.transport.script([], Script::answer(500, ""));
    let first = request(&h).await;
    assert_eq!(first.status, 202);
    let second = request(&h).await;
    assert_eq!((second.status, second.header(REPLAYED)), (202, Some("true")));
    h.first_look().await;
    let message = h.fakes.queue.take().remove(0);
    h.fakes.transport.script([], priced());
    assert!(h.retry(&message.body, 1).await);
    let third = request(&h).await;
    assert_eq!((third.status, third.header(REPLAYED)), (201, Some("true")));
    assert_eq!(third.data()["id"], first.data()["id"]);
    assert_eq!((h.quotes().len(), h.calls().len()), (1, 5));
    assert!(h.fakes.queue.sent().is_empty(), "a replay sends nothing");
}

#[tokio::test(start_paused = true)]
async fn respond_async_is_accepted_at_once_and_finished_by_the_queue() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let got = request(&h)
        .header("prefer", "wait=5, Respond-Async; foo=\"a, b\"")
        .await;
    assert_eq!((got.status, h.calls().len()), (202, 0));
    let sent = h.fakes.queue.take();
    assert_eq!(
        (sent.len(), sent[0].url.as_str(), sent[0].delay),
        (1, "retry", Duration::from_secs(2))
    );
    assert!(h.retry(&sent[0].body, 1).await);
    assert_eq!(h.quote().status, QuoteStatus::Generated);
    assert_eq!(request(&h).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_call_after_a_crash_finds_the_same_quote() {
    let h = harness();
    let slow = Script::Late(Duration::from_secs(5), Box::new(priced()));
    h.fakes.transport.script([], slow);
    // Drops the call after two seconds, as a crash does.
    let call = tokio::time::timeout(Duration::from_secs(2), request(&h).into_future()).await;
    assert!(call.is_err(), "it has to crash before its end");
    let crashed = h.quote();
    assert_eq!(
        crashed.status,
        QuoteStatus::Pending,
        "written before the funder answered"
    );
    assert_eq!(request(&h).await.status, 409, "the lease has not ended");
    tokio::time::advance(Duration::from_secs(60)).await;
    let other = "0190d5a0-0000-7000-8000-00000000000a";
    let got = request(&h).header("x-correlation-id", other).await;
    assert_eq!(got.status, 201);
    let first = crashed.correlation_id.to_string();
    assert_eq!(got.data()["correlationId"], first, "the quote leads to all its calls");
    let subject = crashed.id.to_string();
    assert!(!h.log().is_empty());
    for call in h.log() {
        assert_eq!(
            (call.correlation_id.to_string(), call.subject_id.as_ref()),
            (first.clone(), Some(&subject))
        );
    }
    assert_eq!((h.quote().id, h.quote().status), (crashed.id, QuoteStatus::Generated));
    let seen = h.fakes.transport.seen().into_iter();
    let sent: Vec<_> = seen.map(|(_, request)| request.body().clone()).collect();
    assert_eq!(
        (sent.len(), &sent[0]),
        (2, &sent[1]),
        "the funder gets the same reference"
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_call_changes_nothing_after_another_took_over() {
    let h = harness();
    let slow = Script::Late(Duration::from_secs(7), Box::new(priced()));
    h.fakes.transport.script([slow], priced());
    let successor = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // As if the first call's instance had been frozen past its lease.
        expire_leases(&h);
        request(&h).await
    };
    let (late, successor) = tokio::join!(request(&h).into_future(), successor);
    assert_eq!((late.status, successor.status), (409, 201));
    let replay = request(&h).await;
    assert_eq!(replay.text, successor.text);
    assert_eq!(h.quotes().len(), 1);
}

fn expire_leases(h: &Harness<Env>) {
    use runtime::port::store::{Key, Store, When, Write, item};
    for mut record in h.fakes.store.table("keys") {
        let key = Key::new("keys", record["pk"].as_s().unwrap(), None);
        let held = When::text("state", "INPROGRESS");
        record.extend(item(&serde_json::json!({"leasedUntil": 1})).unwrap());
        let write = Write {
            key,
            item: Some(record),
            when: held,
        };
        let written = futures_util::FutureExt::now_or_never(h.fakes.store.write(vec![write]));
        assert!(written.unwrap().is_ok());
    }
}
