//! A proposal, from the quote to the funder's decision.

use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::lock::Domain::Funders;
use crate::stack::{HubResponse, Stack};

const FUNDERS: [&str; 2] = ["LEX", "ALPHABET"];
/// The surnames that make a simulated funder decide at once.
const DECISIONS: [(&str, &str); 3] = [
    ("Accepted", "APPROVED"),
    ("Referred", "REFERRED"),
    ("Declined", "DECLINED"),
];
const GENERATE: &str = "/api/integration/proposals/generate";

/// The sample proposal of a new quote, and the quote's id.
pub async fn sample(stack: &Stack, funder: &str, surname: &str) -> (String, String) {
    let quote = stack.quote_from(funder, surname).await;
    assert_eq!(quote.status, 201, "{}", quote.text);
    let id = quote.json()["data"]["id"].as_str().unwrap().to_owned();
    let mut body: Value = serde_json::from_str(include_str!("../../../events/bodies/proposal.json")).unwrap();
    body["quoteId"] = id.as_str().into();
    (body.to_string(), id)
}

pub async fn propose(stack: &Stack, body: &str) -> HubResponse {
    let correlation = uuid::Uuid::new_v4().to_string();
    propose_with(stack, body, &correlation).await
}

pub async fn propose_with(stack: &Stack, body: &str, correlation: &str) -> HubResponse {
    let headers = [("x-correlation-id", correlation)];
    stack
        .send(Method::POST, GENERATE, &stack.customer(), Some(body), &headers)
        .await
}

pub fn id(got: &HubResponse) -> String {
    assert_eq!(got.status, 202, "{}", got.text);
    got.json()["data"]["proposalId"].as_str().unwrap().to_owned()
}

fn status(id: &str) -> String {
    format!("/api/integration/proposals/{id}/status")
}

pub async fn decided(stack: &Stack, id: &str, wanted: &str) -> HubResponse {
    let path = status(id);
    stack
        .until(&path, &stack.customer(), |got| got.json()["data"]["status"] == wanted)
        .await
}

/// The number of credit searches that a funder made for this proposal.
pub async fn searches(stack: &Stack, funder: &str, id: &str) -> Value {
    let path = format!("/{}/searches", funder.to_lowercase());
    stack.control(Method::GET, &path, None).await[id].clone()
}

#[tokio::test]
async fn a_proposal_goes_to_its_funder_once_and_is_decided() {
    let stack = Stack::shared(&[Funders]).await;
    let decide = async |funder: &str, surname: &str, wanted: &str| {
        let (body, quote) = sample(&stack, funder, surname).await;
        let accepted = propose(&stack, &body).await;
        let id = id(&accepted);
        assert_eq!(
            accepted.location(),
            Some(format!("{}{}", stack.base_url(), status(&id)))
        );
        let got = decided(&stack, &id, wanted).await;
        assert!(got.json()["data"]["externalProposalId"].is_string(), "{}", got.text);
        assert_eq!(searches(&stack, funder, &id).await, 1, "{funder} {surname}");
        let of = stack.quote_status(&quote).await.json()["data"].clone();
        assert_eq!((&of["status"], &of["proposalId"]), (&json!("CONVERTED"), &json!(id)));
        let again = propose(&stack, &body).await;
        assert_eq!(again.status, 409, "{}", again.text);
        id
    };
    let decisions = FUNDERS
        .iter()
        .flat_map(|funder| DECISIONS.map(|(surname, wanted)| decide(funder, surname, wanted)));
    let ids = join_all(decisions).await;
    assert_eq!(ids.len(), 6);
    // The list is a copy that a worker keeps, with the newest first. Other tests add to it.
    stack
        .until("/api/proposals?limit=100", &stack.customer(), |got| {
            ids.iter().all(|id| got.text.contains(id))
        })
        .await;
}

#[tokio::test]
async fn a_hundred_requests_make_one_proposal_of_a_quote() {
    let stack = Stack::shared(&[Funders]).await;
    let (body, quote) = sample(&stack, "LEX", "Accepted").await;
    let token = stack.customer();
    let keys: Vec<String> = (0..100).map(|_| uuid::Uuid::new_v4().to_string()).collect();
    let correlation = uuid::Uuid::new_v4().to_string();
    let all = join_all(keys.iter().map(|key| {
        let headers = [("idempotency-key", key.as_str()), ("x-correlation-id", &correlation)];
        let (stack, token, body) = (&stack, &token, &body);
        async move { stack.send(Method::POST, GENERATE, token, Some(body), &headers).await }
    }));
    let all = all.await;
    let (made, refused): (Vec<&HubResponse>, Vec<&HubResponse>) = all.iter().partition(|got| got.status == 202);
    assert_eq!((made.len(), refused.len()), (1, 99));
    for got in refused {
        assert_eq!(got.status, 409, "{}", got.text);
    }
    let id = id(made[0]);
    decided(&stack, &id, "APPROVED").await;
    assert_eq!(
        stack.quote_status(&quote).await.json()["data"]["proposalId"],
        id.as_str()
    );
    assert_eq!(stack.rows("funders", "quoteId", &quote).await.len(), 1);
    let calls = stack.calls_for(&correlation, "lex/proposal").await;
    assert_eq!((searches(&stack, "LEX", &id).await, calls), (json!(1), 1));
}

#[tokio::test]
async fn a_proposal_whose_response_is_lost_is_queried_and_not_sent_again() {
    let stack = Stack::shared(&[Funders]).await;
    let lose = async |funder: &str| {
        let (body, _) = sample(&stack, funder, "Accepted").await;
        let correlation = uuid::Uuid::new_v4().to_string();
        let operation = format!("{}/proposal", funder.to_lowercase());
        // The funder performs the call, and its response is lost.
        let lost = json!([{"served": true, "reset": true}]);
        stack.script_for(&correlation, &operation, lost).await;
        let id = id(&propose_with(&stack, &body, &correlation).await);
        let path = format!("/{}/searches", funder.to_lowercase());
        stack.control_until(&path, |searches| searches[&id] == 1).await;
        // The worker has to write that it got no response.
        tokio::time::sleep(Duration::from_secs(2)).await;
        stack.make_due(&format!("PROPOSAL#{id}"), "PROPOSAL").await;
        decided(&stack, &id, "APPROVED").await;
        assert_eq!(searches(&stack, funder, &id).await, 1, "{funder}");
    };
    join_all(FUNDERS.iter().map(|funder| lose(funder))).await;
}

#[tokio::test]
async fn a_throttled_proposal_is_sent_later_and_a_refused_one_frees_its_quote() {
    let stack = Stack::shared(&[Funders]).await;
    let (body, quote) = sample(&stack, "LEX", "Accepted").await;
    let refusal = json!([{"status": 400, "body": "{\"errors\":[{\"code\":\"INVALID_FIELD\",\"message\":\"no\"}]}"}]);
    let correlation = uuid::Uuid::new_v4().to_string();
    stack.script_for(&correlation, "lex/proposal", refusal).await;
    let failed = id(&propose_with(&stack, &body, &correlation).await);
    let got = decided(&stack, &failed, "FAILED").await;
    assert_eq!(got.json()["data"]["failure"]["code"], "funder-rejected");
    assert_eq!(stack.quote_status(&quote).await.json()["data"]["status"], "GENERATED");
    let throttled = json!([{"status": 429, "headers": {"retry-after": "1"}}]);
    stack.script_for(&correlation, "lex/proposal", throttled).await;
    let id = id(&propose_with(&stack, &body, &correlation).await);
    decided(&stack, &id, "APPROVED").await;
    assert_eq!(searches(&stack, "LEX", &id).await, 1);
    assert_eq!(searches(&stack, "LEX", &failed).await, Value::Null);
}

#[tokio::test]
async fn a_funders_webhook_decides_and_a_forged_one_does_not() {
    let stack = Stack::shared(&[Funders]).await;
    let decide = async |funder: &str| {
        let (body, _) = sample(&stack, funder, "Pending").await;
        let id = id(&propose(&stack, &body).await);
        decided(&stack, &id, "SUBMITTED").await;
        let notice = json!({
            "type": "proposal.updated", "timestamp": "2026-01-05T10:20:00Z",
            "data": {"reference": id, "externalReference": "P1", "status": "DECLINED", "reason": "score"},
        });
        let funder = funder.to_lowercase();
        let url = format!("{}/webhooks/{funder}", stack.base_url());
        let send = |more: Value| {
            let mut hook = json!({"url": url, "funder": funder, "body": notice});
            hook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            stack.control(Method::POST, "/webhooks", Some(hook))
        };
        for forged in [
            json!({"wrongSignature": true}),
            json!({"age": 600}),
            json!({"age": -600}),
        ] {
            let sent = send(forged).await;
            assert_eq!(sent["deliveries"][0]["status"], 401, "{sent}");
        }
        let unchanged = stack.get(&status(&id), &stack.customer()).await;
        assert_eq!(unchanged.json()["data"]["status"], "SUBMITTED");
        // The funder itself has the proposal undecided, and its answer is the status.
        let signed = async |times: u32| {
            let sent = send(json!({"times": times})).await;
            for one in sent["deliveries"].as_array().unwrap() {
                assert_eq!(one["status"], 200, "{sent}");
            }
        };
        signed(1).await;
        let applied = |rows: &[Value]| rows.iter().any(|row| row["appliedAt"]["S"].is_string());
        stack.rows_until("funders", "proposalId", &id, applied).await;
        let unmoved = stack.get(&status(&id), &stack.customer()).await.json();
        assert_eq!(
            (&unmoved["data"]["status"], &unmoved["data"]["confirmed"]),
            (&json!("SUBMITTED"), &json!(true))
        );
        let path = format!("/{funder}/proposals/{id}");
        let decision = json!({"status": "DECLINED", "reason": "score"});
        stack.control(Method::PUT, &path, Some(decision)).await;
        signed(3).await;
        let got = decided(&stack, &id, "DECLINED").await;
        assert_eq!(got.json()["data"]["reason"], "score");
    };
    join_all(FUNDERS.iter().map(|funder| decide(funder))).await;
}

#[tokio::test]
async fn a_function_url_takes_webhooks_too() {
    let stack = Stack::shared(&[Funders]).await;
    let url = stack.function_url("fundersWebhook");
    let body = json!({"type": "newsletter", "timestamp": "2026-01-05T10:20:00Z", "data": {}});
    for (path, wanted) in [("webhooks/lex", 204), ("webhooks/unknown", 404), ("webhooks/LEX", 404)] {
        let hook = json!({"url": format!("{}/{path}", url.trim_end_matches('/')), "funder": "lex", "body": body});
        let sent = stack.control(Method::POST, "/webhooks", Some(hook)).await;
        assert_eq!(sent["deliveries"][0]["status"], wanted, "{path}: {sent}");
    }
}

#[tokio::test]
async fn documents_are_checked_and_kept_out_of_rows() {
    let stack = Stack::shared(&[Funders]).await;
    let (body, _) = sample(&stack, "LEX", "Accepted").await;
    for (document, wanted) in [("PHN2Zz4=", 422), ("%%%%", 422)] {
        let bad = body.replace("JVBERi0xLjQKJSVFT0YK", document);
        assert_eq!(propose(&stack, &bad).await.status, wanted, "{document}");
    }
    let large = body.replace("JVBERi0xLjQKJSVFT0YK", &format!("JVBERi0x{}", "A".repeat(4_300_000)));
    assert_eq!(propose(&stack, &large).await.status, 413);
    let id = id(&propose(&stack, &body).await);
    let got = decided(&stack, &id, "APPROVED").await;
    let document = &got.json()["data"]["documents"][0];
    assert_eq!(
        (&document["mediaType"], &document["size"]),
        (&json!("application/pdf"), &json!(15))
    );
    let rows = stack.rows("funders", "id", &id).await;
    assert!(!Value::from(rows).to_string().contains("JVBERi0xLjQKJSVFT0YK"));
}
