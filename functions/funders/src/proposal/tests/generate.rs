//! The request: what is accepted, kept, promised and refused.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::join_all;
use model::proposal::ProposalStatus;
use model::quote::QuoteStatus;
use serde_json::{Value, json};

use super::bank::{Does, How};
use super::house::{DOCUMENT, Got, House};
use crate::proposal::status::status;
use crate::proposal::{Stage, documents};
use crate::quote::QuoteRow;

const KEY: (&str, &str) = ("idempotency-key", "order-7");

fn body(quote: &QuoteRow) -> String {
    json!({"quoteId": quote.id, "additionalDocuments": {"drivingLicense": DOCUMENT}}).to_string()
}

async fn ask(house: &House, quote: &QuoteRow, headers: &[(&str, &str)]) -> Got {
    house.propose(house.john(), &body(quote), headers).await
}

/// Everything anybody could read beside the shelf.
fn everything(house: &House) -> String {
    let tables = ["funders", "keys", "log"].map(|table| format!("{:?}", house.world.store.table(table)));
    let said = format!("{:?}{:?}", house.world.outbox.sent(), house.world.loudspeaker.said());
    tables.concat() + &said
}

#[tokio::test(start_paused = true)]
async fn a_quote_becomes_a_proposal_in_one_step() {
    let house = House::new();
    let quote = house.priced("LEX");
    let got = ask(&house, &quote, &[]).await;
    assert_eq!(got.status, 202, "{}", got.text);
    let rows = house.proposals();
    let id = rows[0].id;
    assert_eq!(got.json()["data"], json!({"proposalId": id, "status": "PENDING"}));
    assert_eq!(got.json()["success"], true);
    let location = format!("/api/integration/proposals/{id}/status");
    assert_eq!(got.header("location"), Some(location.as_str()));
    let after = house.quote_row(quote.id);
    assert_eq!((after.status, after.proposal_id), (QuoteStatus::Converted, Some(id)));
    let sent = house.sent("submit");
    assert_eq!(
        (sent.len(), &sent[0].body, sent[0].delay),
        (1, &json!({"id": id}).to_string(), Duration::from_secs(2))
    );
    assert!(house.bank.posts().is_empty(), "the request sends nothing to the funder");
    let files = house.world.shelf.files();
    let file = (
        format!("proposals/{id}/0"),
        "application/pdf".to_owned(),
        BASE64_STANDARD.decode(DOCUMENT).unwrap().into(),
    );
    assert_eq!(files, [file]);
    assert_eq!(house.submit(id).await, Some(true));
    for inside in [DOCUMENT, "%PDF"] {
        assert!(!everything(&house).contains(inside));
    }
    let sent: Value = serde_json::from_slice(house.bank.posts()[0].body()).unwrap();
    assert_eq!(sent["documents"][0]["content"], DOCUMENT, "only the funder gets it");
    assert_eq!(house.row(id).status, ProposalStatus::Submitted);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_leaves_everything_as_it_was() {
    let house = House::new();
    let quote = house.priced("LEX");
    house.world.store.set_down(true);
    assert_eq!(ask(&house, &quote, &[]).await.status, 503);
    house.world.store.set_down(false);
    assert_eq!(
        (house.proposals().len(), house.quote_row(quote.id).status),
        (0, QuoteStatus::Generated)
    );
    assert_eq!(ask(&house, &quote, &[]).await.status, 202);
}

#[tokio::test(start_paused = true)]
async fn only_a_quote_with_a_price_that_holds_is_converted() {
    let house = House::new();
    let no_price = |status| move |row: &mut QuoteRow| row.status = status;
    for quote in [
        house.quote("LEX", no_price(QuoteStatus::Pending)),
        house.quote("LEX", no_price(QuoteStatus::Failed)),
        house.quote("LEX", no_price(QuoteStatus::Expired)),
        house.quote("LEX", no_price(QuoteStatus::Converted)),
        house.quote("LEX", |row| row.valid_until = Some(row.created_at)),
    ] {
        for headers in [&[][..], &[KEY]] {
            let got = ask(&house, &quote, headers).await;
            assert_eq!((got.status, got.code().as_str()), (409, "conflict"));
        }
    }
    assert!(
        house.proposals().is_empty() && house.world.outbox.sent().is_empty() && house.world.shelf.files().is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_quote_is_not_there_and_staff_may() {
    let house = House::new();
    let quote = house.priced("LEX");
    let jane = house.token("jane", "jane@example.com", &[]);
    let same = [("x-correlation-id", "0190d5a0-0000-7000-8000-0000000000aa")];
    let theirs = house.propose(&jane, &body(&quote), &same).await;
    let absent = body(&quote).replace(&quote.id.to_string(), "0190d5a0-0000-7000-8000-00000000dead");
    let absent = house.propose(&jane, &absent, &same).await;
    assert_eq!(
        (theirs.status, &theirs.text, &theirs.headers),
        (404, &absent.text, &absent.headers)
    );
    assert!(house.proposals().is_empty() && house.world.shelf.files().is_empty());
    let staff = house.token("sam", "sam@example.com", &["staff"]);
    let got = house.propose(&staff, &body(&quote), &[]).await;
    assert_eq!(
        (got.status, house.proposals()[0].owner.as_str()),
        (202, "john"),
        "it stays the customer's"
    );
    assert_eq!(house.propose("", &body(&quote), &[]).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn documents_are_refused_before_anything_is_kept() {
    let house = House::new();
    let quote = house.priced("LEX");
    let large = BASE64_STANDARD.encode([b"%PDF-".as_slice(), &vec![0; documents::LIMIT]].concat());
    let html = BASE64_STANDARD.encode("<html>");
    for (text, status) in [(large.as_str(), 413), ("JVBERi0xLjQ", 400), (html.as_str(), 422)] {
        let body = json!({"quoteId": quote.id, "additionalDocuments": {"x": text}}).to_string();
        assert_eq!(house.propose(house.john(), &body, &[KEY]).await.status, status);
    }
    let twice = format!(
        r#"{{"quoteId":"{}","additionalDocuments":{{"x":"{DOCUMENT}","x":"{DOCUMENT}"}}}}"#,
        quote.id
    );
    assert_eq!(house.propose(house.john(), &twice, &[]).await.status, 400);
    let xml = [("content-type", "application/xml")];
    assert_eq!(house.propose(house.john(), &body(&quote), &xml).await.status, 415);
    assert_eq!(
        house.propose(house.john(), &"x".repeat(4_500_001), &[]).await.status,
        413
    );
    assert!(house.world.shelf.files().is_empty() && house.world.outbox.sent().is_empty());
    assert_eq!(house.quote_row(quote.id).status, QuoteStatus::Generated);
}

#[tokio::test(start_paused = true)]
async fn a_rehearsal_shows_everything_and_changes_nothing() {
    for funder in ["LEX", "ALPHABET"] {
        let house = House::new();
        let quote = house.priced(funder);
        let before = house.world.store.table("funders");
        let ask = json!({"quoteId": quote.id, "dryRun": true, "additionalDocuments": {"x": DOCUMENT}}).to_string();
        let got = house.propose(house.john(), &ask, &[]).await;
        assert_eq!(got.status, 200, "{}", got.text);
        let sent = &got.json()["data"]["requests"][0];
        assert!(sent["url"].as_str().unwrap().contains(".test/"), "{sent}");
        assert!(got.text.contains("[REDACTED]") && got.text.contains(&quote.external_id()));
        for secret in [DOCUMENT, "Bearer", "test-key"] {
            assert!(!got.text.contains(secret), "{secret}");
        }
        assert_eq!(house.world.store.table("funders"), before);
        assert!(house.world.shelf.files().is_empty() && house.world.outbox.sent().is_empty());
        assert!(house.bank.posts().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_replays_what_became_of_the_proposal() {
    let house = House::new();
    let quote = house.priced("LEX");
    let first = ask(&house, &quote, &[KEY]).await;
    let second = ask(&house, &quote, &[KEY]).await;
    assert_eq!((second.status, &second.text), (202, &first.text));
    let replayed = |got: &Got| got.header("idempotent-replayed").map(str::to_owned);
    assert_eq!((replayed(&first), replayed(&second).as_deref()), (None, Some("true")));
    assert_eq!(first.header("location"), second.header("location"));
    let other = body(&quote).replace("drivingLicense", "passport");
    assert_eq!(house.propose(house.john(), &other, &[KEY]).await.code(), "key-reused");
    assert_eq!(
        (
            house.proposals().len(),
            house.sent("submit").len(),
            house.world.shelf.files().len()
        ),
        (1, 1, 1)
    );
    // It fails, and its quote is free again: the key still means the proposal it made.
    house.bank.submissions([Does::Fails(How::Says(422, "{}"))]);
    let id = house.proposals()[0].id;
    house.submit(id).await;
    assert_eq!(house.quote_row(quote.id).status, QuoteStatus::Generated);
    let third = ask(&house, &quote, &[KEY]).await;
    assert_eq!(
        (third.status, replayed(&third).as_deref()),
        (202, Some("true")),
        "{}",
        third.text
    );
    assert_eq!(third.json()["data"], json!({"proposalId": id, "status": "FAILED"}));
    let again = ask(&house, &quote, &[("idempotency-key", "order-8")]).await;
    assert_eq!((again.status, house.proposals().len()), (202, 2));
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_step_leaves_one_proposal_to_whoever_comes_next() {
    let mut deaths = 0;
    for steps in 0.. {
        let house = House::new();
        let quote = house.priced("LEX");
        let dying = house.dying(steps);
        let died = tokio::time::timeout(Duration::from_secs(30), ask(&dying, &quote, &[KEY])).await;
        tokio::time::advance(Duration::from_secs(30)).await;
        let got = ask(&house, &quote, &[KEY]).await;
        assert_eq!(got.status, 202, "after {steps} steps: {}", got.text);
        let rows = house.proposals();
        assert_eq!(rows.len(), 1, "after {steps} steps");
        assert_eq!(got.json()["data"]["proposalId"], rows[0].id.to_string());
        assert_eq!(house.quote_row(quote.id).proposal_id, Some(rows[0].id));
        // Every message that was left over is harmless, and one of them does it.
        for sent in house.sent("submit") {
            house.deliver(crate::proposal::submit::submit, &sent.body, 2).await;
        }
        assert_eq!(
            (house.bank.all_taken(), house.stage(rows[0].id)),
            (1, Stage::Sent),
            "after {steps} steps"
        );
        if died.is_ok() {
            break;
        }
        deaths += 1;
    }
    assert!(deaths >= 10, "only {deaths} places to die at");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_at_once_make_one_proposal() {
    for headers in [&[][..], &[KEY]] {
        let house = House::new();
        let quote = house.priced("LEX");
        let all = join_all((0..1000).map(|_| ask(&house, &quote, headers))).await;
        assert_eq!(
            all.iter()
                .filter(|got| got.status == 202 && got.header("idempotent-replayed").is_none())
                .count(),
            1
        );
        assert!(all.iter().all(|got| matches!(got.status, 202 | 409)));
        assert_eq!(house.proposals().len(), 1);
        for sent in house.sent("submit") {
            house.deliver(crate::proposal::submit::submit, &sent.body, 1).await;
        }
        assert_eq!((house.bank.all_taken(), house.bank.posts().len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn different_keys_race_for_one_quote() {
    let house = House::new();
    let quote = house.priced("ALPHABET");
    let keys: Vec<_> = (0..200).map(|n| format!("key-{n}")).collect();
    let dying: Vec<_> = keys.iter().map(|_| house.dying(u32::MAX)).collect();
    let calls = keys
        .iter()
        .zip(&dying)
        .map(async |(key, house)| ask(house, &quote, &[("idempotency-key", key)]).await);
    let all = join_all(calls).await;
    assert_eq!(all.iter().filter(|got| got.status == 202).count(), 1);
    assert_eq!(house.proposals().len(), 1);
    let id = house.proposals()[0].id.to_string();
    let got = house.read(status, house.john(), &[("proposalId", &id)], "").await;
    assert_eq!(
        (got.status, got.json()["data"]["status"].as_str()),
        (200, Some("PENDING"))
    );
}
