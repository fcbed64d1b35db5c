//! The request: what is accepted, stored, promised and refused.

use std::future::IntoFuture;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::join_all;
use model::proposal::ProposalStatus;
use model::quote::QuoteStatus;
use runtime::testing::{Harness, TestRequest, TestResponse};
use serde_json::{Value, json};

use crate::Env;
use crate::proposal::{Phase, documents};
use crate::quote::QuoteRow;
use crate::testing::{DOCUMENT, FailureMode, FundersHarness, JANE, PROPOSE, Reaction, proposal_harness};

const KEY: &str = "order-7";
const SUBMIT: &str = "funders-proposal-submit";

fn body(quote: &QuoteRow) -> String {
    json!({"quoteId": quote.id, "additionalDocuments": {"drivingLicense": DOCUMENT}}).to_string()
}

fn request<'a>(h: &'a Harness<Env>, quote: &QuoteRow) -> TestRequest<'a> {
    h.post(PROPOSE, body(quote))
}

fn replayed(got: &TestResponse) -> Option<String> {
    got.header("idempotent-replayed").map(str::to_owned)
}

/// Everything that can be read, except the documents.
fn everything(h: &Harness<Env>) -> String {
    let tables = ["funders", "keys", "log"].map(|table| format!("{:?}", h.fakes.store.table(table)));
    let sent = format!("{:?}{:?}", h.fakes.queue.sent(), h.fakes.bus.published());
    tables.concat() + &sent
}

#[tokio::test(start_paused = true)]
async fn a_quote_becomes_a_proposal_in_one_step() {
    let (h, funder) = proposal_harness();
    let quote = h.priced_quote("LEX");
    let got = request(&h, &quote).await;
    assert_eq!(got.status, 202, "{}", got.text);
    let rows = h.proposals();
    let id = rows[0].id;
    assert_eq!(got.data(), json!({"proposalId": id, "status": "PENDING"}));
    assert_eq!(got.json()["success"], true);
    let location = format!("/api/integration/proposals/{id}/status");
    assert_eq!(got.location(), Some(location));
    let after = h.quote_row(quote.id);
    assert_eq!((after.status, after.proposal_id), (QuoteStatus::Converted, Some(id)));
    let sent = h.sent("submit");
    assert_eq!(
        (sent.len(), &sent[0].body, sent[0].delay),
        (1, &json!({"id": id}).to_string(), Duration::from_secs(2))
    );
    assert!(funder.posts().is_empty(), "the request sends nothing to the funder");
    let files = h.fakes.files.files();
    let file = (
        format!("proposals/{id}/0"),
        "application/pdf".to_owned(),
        BASE64_STANDARD.decode(DOCUMENT).unwrap().into(),
    );
    assert_eq!(files, [file]);
    assert_eq!(h.submit(id).await, Some(true));
    for inside in [DOCUMENT, "%PDF"] {
        assert!(!everything(&h).contains(inside));
    }
    let sent: Value = serde_json::from_slice(funder.posts()[0].body()).unwrap();
    assert_eq!(sent["documents"][0]["content"], DOCUMENT, "only the funder gets it");
    assert_eq!(h.proposal_row(id).status, ProposalStatus::Submitted);
}

#[tokio::test(start_paused = true)]
async fn a_failing_store_leaves_everything_as_it_was() {
    let (h, _) = proposal_harness();
    let quote = h.priced_quote("LEX");
    h.fakes.store.set_down(true);
    assert_eq!(request(&h, &quote).await.status, 503);
    h.fakes.store.set_down(false);
    assert_eq!(
        (h.proposals().len(), h.quote_row(quote.id).status),
        (0, QuoteStatus::Generated)
    );
    assert_eq!(request(&h, &quote).await.status, 202);
}

#[tokio::test(start_paused = true)]
async fn only_a_quote_with_a_price_that_holds_is_converted() {
    let (h, _) = proposal_harness();
    let no_price = |status| move |row: &mut QuoteRow| row.status = status;
    for quote in [
        h.changed_quote("LEX", no_price(QuoteStatus::Pending)),
        h.changed_quote("LEX", no_price(QuoteStatus::Failed)),
        h.changed_quote("LEX", no_price(QuoteStatus::Expired)),
        h.changed_quote("LEX", no_price(QuoteStatus::Converted)),
        h.changed_quote("LEX", |row| row.valid_until = Some(row.created_at)),
    ] {
        for got in [request(&h, &quote).await, request(&h, &quote).key(KEY).await] {
            assert_eq!((got.status, got.code().as_str()), (409, "conflict"));
        }
    }
    assert!(h.proposals().is_empty() && h.fakes.queue.sent().is_empty() && h.fakes.files.files().is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_customers_quote_looks_like_none_and_staff_may_not_use_it() {
    let (h, _) = proposal_harness();
    let quote = h.priced_quote("LEX");
    let jane = h.as_person("jane", JANE, &[]);
    let (name, value) = ("x-correlation-id", "0190d5a0-0000-7000-8000-0000000000aa");
    let theirs = request(&jane, &quote).header(name, value).await;
    let absent = body(&quote).replace(&quote.id.to_string(), "0190d5a0-0000-7000-8000-00000000dead");
    let absent = jane.post(PROPOSE, absent).header(name, value).await;
    assert_eq!(
        (theirs.status, &theirs.text, &theirs.headers),
        (404, &absent.text, &absent.headers)
    );
    for (roles, status) in [(["staff"].as_slice(), 403), (&["admin"], 403), (&["agent"], 404)] {
        let caller = h.as_person("sam", "sam@example.com", roles);
        assert_eq!(request(&caller, &quote).await.status, status, "{roles:?}");
    }
    assert_eq!(request(&h.anonymous(), &quote).await.status, 401);
    assert!(h.proposals().is_empty() && h.fakes.files.files().is_empty());

    let got = request(&h.as_person("sam", "sam@example.com", &["staff", "agent"]), &quote).await;
    let row = &h.proposals()[0];
    assert_eq!(
        (got.status, row.owner.as_str(), row.requested_by.as_str()),
        (202, "john", "sam"),
        "the customer still owns it"
    );
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_lost_the_role_proposes_nothing_and_gets_no_replay() {
    let (h, _) = proposal_harness();
    let (open, used) = (
        h.changed_quote("LEX", |row| row.owner = "agent".to_owned()),
        h.changed_quote("LEX", |row| row.owner = "agent".to_owned()),
    );
    let agent = h.as_person("agent", "agent@example.com", &["agent"]);
    let former = h.as_person("agent", "agent@example.com", &[]);
    assert_eq!(request(&agent, &used).key(KEY).await.status, 202);
    let sent = h.fakes.queue.sent().len();
    assert_eq!(request(&former, &used).key(KEY).await.status, 403);
    assert_eq!(request(&former, &open).await.status, 403);
    assert_eq!((h.proposals().len(), h.fakes.queue.sent().len()), (1, sent));
    assert_eq!(request(&agent, &used).key(KEY).await.status, 202);
}

#[tokio::test(start_paused = true)]
async fn no_credit_search_for_an_impossible_customer() {
    let (h, _) = proposal_harness();
    let quote = h.priced_quote("LEX");
    let details = |details: Value| json!({"quoteId": quote.id, "additionalCustomerDetails": details});
    let address = json!({"line1": "1 High Street", "city": "Lon\u{202e}don", "postcode": "N1 1AA"});
    for (given, field) in [
        (json!({"dateOfBirth": "2099-01-01"}), "dateOfBirth"),
        (json!({"dateOfBirth": "0001-01-01"}), "dateOfBirth"),
        (json!({"phone": "+44 7700\r\n900001"}), "phone"),
        (json!({"address": address}), "address.city"),
        (json!({"employment": {"jobTitle": "a\0b"}}), "employment.jobTitle"),
    ] {
        let got = h.post(PROPOSE, details(given)).await;
        let field = format!("additionalCustomerDetails.{field}");
        assert_eq!((got.status, got.field()), (422, field), "{}", got.text);
    }
    // A quote that is older than the rule.
    let old = h.changed_quote("LEX", |row| {
        let stored = serde_json::to_string(row).unwrap();
        let text = stored.replace("1985-06-20", "2099-01-01");
        assert_ne!(text, stored);
        *row = serde_json::from_str(&text).unwrap();
    });
    let got = request(&h, &old).await;
    let field = "additionalCustomerDetails.dateOfBirth";
    assert_eq!((got.status, got.field().as_str()), (422, field), "{}", got.text);
    assert!(h.proposals().is_empty() && h.fakes.queue.sent().is_empty());
    let corrected = json!({"quoteId": old.id, "additionalCustomerDetails": {"dateOfBirth": "1985-06-20"}});
    assert_eq!(h.post(PROPOSE, corrected).await.status, 202);
}

#[tokio::test(start_paused = true)]
async fn documents_are_refused_before_anything_is_stored() {
    let (h, _) = proposal_harness();
    let quote = h.priced_quote("LEX");
    let large = BASE64_STANDARD.encode([b"%PDF-".as_slice(), &vec![0; documents::MAX_BYTES]].concat());
    let html = BASE64_STANDARD.encode("<html>");
    for (text, status) in [(large.as_str(), 413), ("JVBERi0xLjQ", 422), (html.as_str(), 422)] {
        let body = json!({"quoteId": quote.id, "additionalDocuments": {"x": text}});
        assert_eq!(h.post(PROPOSE, body).key(KEY).await.status, status);
    }
    let twice = format!(
        r#"{{"quoteId":"{}","additionalDocuments":{{"x":"{DOCUMENT}","x":"{DOCUMENT}"}}}}"#,
        quote.id
    );
    assert_eq!(h.post(PROPOSE, twice).await.status, 400);
    let xml = request(&h, &quote).header("content-type", "application/xml").await;
    assert_eq!(xml.status, 415);
    assert_eq!(h.post(PROPOSE, "x".repeat(4_500_001)).await.status, 413);
    assert!(h.fakes.files.files().is_empty() && h.fakes.queue.sent().is_empty());
    assert_eq!(h.quote_row(quote.id).status, QuoteStatus::Generated);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_shows_everything_and_changes_nothing() {
    for name in ["LEX", "ALPHABET"] {
        let (h, funder) = proposal_harness();
        let quote = h.priced_quote(name);
        let before = h.fakes.store.table("funders");
        let body = json!({"quoteId": quote.id, "dryRun": true, "additionalDocuments": {"x": DOCUMENT}});
        let own = h.as_customer().post(PROPOSE, &body).await;
        let sent = &own.data()["requests"][0];
        assert!(sent["path"].is_string() && sent["body"].is_object(), "{}", own.text);
        assert!(
            !own.text.contains(".test") && sent.get("headers").is_none(),
            "{}",
            own.text
        );
        let agent = h.as_person("john", "john.doe@example.com", &["agent"]);
        let got = agent.post(PROPOSE, body).await;
        assert_eq!(got.status, 200, "{}", got.text);
        let sent = &got.data()["requests"][0];
        assert!(sent["url"].as_str().unwrap().contains(".test/"), "{sent}");
        let external_id = quote.price.unwrap().external_quote_id;
        assert!(got.text.contains("[REDACTED]") && got.text.contains(&external_id));
        for secret in [DOCUMENT, "Bearer", "test-alphabet-key", "test-lex-secret"] {
            assert!(!got.text.contains(secret), "{secret}");
        }
        assert_eq!(h.fakes.store.table("funders"), before);
        assert!(h.fakes.files.files().is_empty() && h.fakes.queue.sent().is_empty());
        assert!(funder.posts().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_key_gets_the_proposal_as_it_is_now() {
    let (h, funder) = proposal_harness();
    let quote = h.priced_quote("LEX");
    let first = request(&h, &quote).key(KEY).await;
    let second = request(&h, &quote).key(KEY).await;
    assert_eq!((second.status, &second.text), (202, &first.text));
    assert_eq!((replayed(&first), replayed(&second).as_deref()), (None, Some("true")));
    assert_eq!(first.header("location"), second.header("location"));
    let other = body(&quote).replace("drivingLicense", "passport");
    assert_eq!(h.post(PROPOSE, other).key(KEY).await.code(), "key-reused");
    assert_eq!(
        (h.proposals().len(), h.sent("submit").len(), h.fakes.files.files().len()),
        (1, 1, 1)
    );
    // The proposal fails and frees its quote. The key still means that proposal.
    funder.submissions([Reaction::Fails(FailureMode::Answer(422, "{}"))]);
    let id = h.proposals()[0].id;
    h.submit(id).await;
    assert_eq!(h.quote_row(quote.id).status, QuoteStatus::Generated);
    let third = request(&h, &quote).key(KEY).await;
    assert_eq!(
        (third.status, replayed(&third).as_deref()),
        (202, Some("true")),
        "{}",
        third.text
    );
    assert_eq!(third.data(), json!({"proposalId": id, "status": "FAILED"}));
    let again = request(&h, &quote).key("order-8").await;
    assert_eq!((again.status, h.proposals().len()), (202, 2));
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_step_leaves_one_proposal_to_the_next_call() {
    let mut crashes = 0;
    for steps in 0.. {
        let (h, funder) = proposal_harness();
        let quote = h.priced_quote("LEX");
        let crashed = request(&h.crash_after(steps), &quote)
            .key(KEY)
            .attempt()
            .await
            .is_none();
        tokio::time::advance(Duration::from_secs(30)).await;
        let got = request(&h, &quote).key(KEY).await;
        assert_eq!(got.status, 202, "after {steps} steps: {}", got.text);
        let rows = h.proposals();
        assert_eq!(rows.len(), 1, "after {steps} steps");
        assert_eq!(got.data()["proposalId"], rows[0].id.to_string());
        assert_eq!(h.quote_row(quote.id).proposal_id, Some(rows[0].id));
        // Every message that the crash left is harmless, and one of them sends the proposal.
        for sent in h.sent("submit") {
            h.redeliver(SUBMIT, &sent.body, 2).await;
        }
        assert_eq!(
            (funder.all_taken(), h.phase(rows[0].id)),
            (1, Phase::Sent),
            "after {steps} steps"
        );
        if !crashed {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 10, "only {crashes} steps to crash at");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_at_once_make_one_proposal() {
    for key in [None, Some(KEY)] {
        let (h, funder) = proposal_harness();
        let quote = h.priced_quote("LEX");
        let call = |_| match key {
            Some(key) => request(&h, &quote).key(key).into_future(),
            None => request(&h, &quote).into_future(),
        };
        let all = join_all((0..1000).map(call)).await;
        let made = all.iter().filter(|got| got.status == 202 && replayed(got).is_none());
        assert_eq!(made.count(), 1);
        assert!(all.iter().all(|got| matches!(got.status, 202 | 409)));
        assert_eq!(h.proposals().len(), 1);
        for sent in h.sent("submit") {
            h.deliver(SUBMIT, &sent.body).await;
        }
        assert_eq!((funder.all_taken(), funder.posts().len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn different_keys_race_for_one_quote() {
    let (h, _) = proposal_harness();
    let quote = h.priced_quote("ALPHABET");
    // Instances that yield at every step and never crash.
    let instances: Vec<_> = (0..200)
        .map(|n| (format!("key-{n}"), h.crash_after(u32::MAX)))
        .collect();
    let calls = instances
        .iter()
        .map(|(key, instance)| request(instance, &quote).key(key).into_future());
    let all = join_all(calls).await;
    assert_eq!(all.iter().filter(|got| got.status == 202).count(), 1);
    assert_eq!(h.proposals().len(), 1);
    let id = h.proposals()[0].id;
    let got = h.get(&format!("/api/integration/proposals/{id}/status")).await;
    assert_eq!((got.status, got.data()["status"].as_str()), (200, Some("PENDING")));
}
