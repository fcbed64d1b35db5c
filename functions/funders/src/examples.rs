//! The examples of the API document: every request is sent, and every response compared.

use std::time::Duration;

use http::Method;
use runtime::http::signature;
use runtime::testing::{Examples, Harness, Script};
use serde_json::Value;
use utoipa::OpenApi;

use crate::testing::{
    FailureMode, FakeFunder, FundersHarness, GENERATE, JOHN, PROPOSE, Reaction, SAMPLE, WEBHOOK_SECRETS, good, harness,
    proposal_harness,
};
use crate::{Api, Env};

/// The id in an example that stands for one that a response has given.
const ID: &str = "0190d5a0-0000-7000-8000-000000000001";

#[tokio::test(start_paused = true)]
async fn every_operation_has_its_examples() {
    let mut examples = Examples::of(env!("CARGO_MANIFEST_DIR"));
    a_quote(&mut examples).await;
    a_quote_without_a_price(&mut examples).await;
    customers_and_vehicles(&mut examples).await;
    funders(&mut examples).await;
    a_proposal(&mut examples).await;
    proposal_events(&mut examples).await;
    a_webhook(&mut examples).await;
    examples.finish(&Api::openapi());
}

async fn read(examples: &mut Examples, caller: &Harness<Env>, operation: &str, path: &str) {
    examples.response(operation, &caller.get(path).await);
}

fn published(examples: &mut Examples, h: &Harness<Env>, kind: &str) {
    let events = h.fakes.bus.published();
    let event = events.iter().find(|event| event.kind.as_str() == kind);
    examples.event(event.unwrap_or_else(|| panic!("{kind} was not published")));
}

async fn a_quote(examples: &mut Examples) {
    let h = harness();
    h.fakes.transport.script([], good());
    let request = examples.request("funders-quote-generate");
    let parse = |text| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parse(&request), parse(SAMPLE));
    let dry = h.post(&format!("{GENERATE}?dryRun=true"), &request).await;
    examples.response("funders-quote-generate", &dry);
    let made = h.post(GENERATE, &request).await;
    examples.response("funders-quote-generate", &made);
    h.first_look().await;
    let id = made.data()["id"].as_str().unwrap().to_owned();
    let status = format!("/api/integration/quotes/{id}/status");
    read(examples, &h, "funders-quote-status", &status).await;
    read(examples, &h, "funders-quote-get", &format!("/api/quotes/{id}")).await;
    read(examples, &h, "funders-quote-list", "/api/quotes").await;
    let of_customer = format!("/api/integration/customers/{JOHN}/quotes");
    read(examples, &h, "funders-customer-quotes", &of_customer).await;
    published(examples, &h, "quote.generated");
    tokio::time::advance(Duration::from_secs(40 * 3600)).await;
    assert_eq!(h.reconcile().await, Some(true));
    published(examples, &h, "quote.expired");
}

async fn a_quote_without_a_price(examples: &mut Examples) {
    let h = harness();
    let request = examples.request("funders-quote-generate");
    h.fakes.transport.script([], Script::answer(500, ""));
    examples.response("funders-quote-generate", &h.post(GENERATE, &request).await);
    let h = harness();
    h.fakes.transport.script([], Script::answer(422, "{}"));
    assert_eq!(h.post(GENERATE, &request).await.status, 422);
    h.first_look().await;
    published(examples, &h, "quote.failed");
}

async fn customers_and_vehicles(examples: &mut Examples) {
    let h = harness();
    h.fakes.transport.script([], good());
    h.listed_quote("LEX", "john", JOHN).await;
    read(examples, &h, "funders-customer-get", &format!("/api/customers/{JOHN}")).await;
    read(examples, &h, "funders-vehicle-get", "/api/vehicles/12345").await;
    let staff = h.as_staff();
    read(examples, &staff, "funders-customer-list", "/api/customers").await;
    read(examples, &staff, "funders-vehicle-list", "/api/vehicles").await;
}

async fn funders(examples: &mut Examples) {
    let h = harness();
    h.fakes.transport.script([], Script::answer(200, "{}"));
    read(examples, &h, "funders-funder-list", "/api/integration/funders").await;
    read(examples, &h, "funders-funder-list-api", "/api/funders").await;
    let request = examples.request("funders-funder-test");
    let tested = h.as_admin().post("/api/integration/funders/LEX/test", request).await;
    examples.response("funders-funder-test", &tested);
}

async fn a_proposal(examples: &mut Examples) {
    let (h, funder) = proposal_harness();
    let quote = h.priced_quote("LEX").id.to_string();
    let request = examples.request("funders-proposal-generate").replace(ID, &quote);
    let dry = h.post(&format!("{PROPOSE}?dryRun=true"), &request).await;
    examples.response("funders-proposal-generate", &dry);
    let made = h.post(PROPOSE, &request).await;
    examples.response("funders-proposal-generate", &made);
    let id = made.data()["proposalId"].as_str().unwrap().to_owned();
    h.submit(id.parse().unwrap()).await;
    decide(&h, &funder, &id).await;
    let status = format!("/api/integration/proposals/{id}/status");
    read(examples, &h, "funders-proposal-status", &status).await;
    read(examples, &h, "funders-proposal-get", &format!("/api/proposals/{id}")).await;
    read(examples, &h, "funders-proposal-list", "/api/proposals").await;
    let of_customer = format!("/api/integration/customers/{JOHN}/proposals");
    read(examples, &h, "funders-customer-proposals", &of_customer).await;
    published(examples, &h, "proposal.submitted");
    published(examples, &h, "proposal.approved");
}

/// The funder approves, and the hub asks it.
async fn decide(h: &Harness<Env>, funder: &FakeFunder, id: &str) {
    funder.decide(id, "ACCEPTED");
    h.minutes(20).await;
}

async fn proposal_events(examples: &mut Examples) {
    let (h, funder) = proposal_harness();
    let refusal = Reaction::Fails(FailureMode::Answer(422, "{}"));
    for (reaction, kind) in [
        (Reaction::Well("REFERRED"), "proposal.referred"),
        (Reaction::Well("DECLINED"), "proposal.declined"),
        (refusal, "proposal.failed"),
    ] {
        funder.submissions([reaction]);
        h.submit(h.proposal("LEX")).await;
        published(examples, &h, kind);
    }
}

async fn a_webhook(examples: &mut Examples) {
    let (h, _) = proposal_harness();
    let request = examples.request("funders-webhook");
    let at = h.now().as_second();
    let signed = signature::sign(WEBHOOK_SECRETS[0].1, "evt_1", at, request.as_bytes()).unwrap();
    let hook = h.anonymous();
    let hook = hook.request(Method::POST, "/webhooks/lex").body(&request);
    let hook = hook
        .header("webhook-id", "evt_1")
        .header("webhook-timestamp", &at.to_string());
    examples.response("funders-webhook", &hook.header("webhook-signature", &signed).await);
}
