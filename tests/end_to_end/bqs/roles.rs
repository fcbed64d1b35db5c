//! A channel that lost its role: its idempotency keys get it nothing.

use http::Method;
use serde_json::{Value, json};

use crate::channel::ADMIN;
use crate::lock::Domain::Bqs;
use crate::stack::Stack;

const CASE: &str = "/v1/bqs-case/case";
const CASE_BODY: &str = include_str!("../../../functions/bqs/fixtures/case-private.json");
const SCORE_BODY: &str = include_str!("../../../functions/bqs/fixtures/score.json");
const MESSAGE: &str = "/v1/bqs-case/message/case";

#[tokio::test]
async fn a_channel_that_lost_its_role_gets_no_replay() {
    let stack = Stack::shared(&[Bqs]).await;
    let roles = ["case.write", "message.write", "admin"];
    let channel = stack.channel(&roles, &[808]).await;
    let case = stack.case(&channel.key, 808).await;
    let new_channel = json!({
        "channelName": format!("test-{}", uuid::Uuid::new_v4()), "roles": [],
        "allowedDealerCodes": [], "allowedBrandCodes": [], "allowedAgreements": [],
    });
    let message = json!({"case": {"preViewCaseId": case, "dealerNumber": 808, "userId": "a"}});
    let requests = [
        (CASE.to_owned(), CASE_BODY.to_owned(), 201),
        (format!("{CASE}/{case}/score-customer"), SCORE_BODY.to_owned(), 202),
        (MESSAGE.to_owned(), message.to_string(), 202),
        ("/v1/bqs-case/management".to_owned(), new_channel.to_string(), 201),
    ];
    let keys = requests.each_ref().map(|_| uuid::Uuid::new_v4().to_string());
    let post = async |request: usize, body: &str| {
        let headers = [
            ("x-api-key", channel.key.as_str()),
            ("idempotency-key", keys[request].as_str()),
        ];
        stack
            .send(Method::POST, &requests[request].0, "", Some(body), &headers)
            .await
    };
    let permit = async |roles: &[&str]| {
        let body = json!({
            "channelName": channel.name, "roles": roles, "allowedDealerCodes": [808],
            "allowedBrandCodes": [1, 4, 10], "allowedAgreements": [2700, 3600, 3700],
        });
        let path = format!("/v1/bqs-case/management/{}", channel.name);
        let admin = stack.sample_key(ADMIN);
        let put = stack
            .send_with_key(Method::PUT, &path, &admin, Some(&body.to_string()))
            .await;
        assert_eq!(put.status, 200, "{}", put.text);
    };
    let mut first = Vec::new();
    for (request, (path, body, status)) in requests.iter().enumerate() {
        let got = post(request, body).await;
        assert_eq!(got.status, *status, "{path}: {}", got.text);
        first.push(got);
    }
    permit(&[]).await;
    let before = rows(&stack, &channel.name, case).await;
    for (request, (path, body, _)) in requests.iter().enumerate() {
        // The same request, another body with the same key, and no body at all.
        for body in [body, "{}", "{"] {
            let got = post(request, body).await;
            assert_eq!(got.status, 403, "{path} {body:.40}: {}", got.text);
            assert!(got.header("idempotent-replayed").is_none());
        }
    }
    assert_eq!(rows(&stack, &channel.name, case).await, before);
    // The keys are as the first requests left them.
    permit(&roles).await;
    for (request, (path, body, status)) in requests.iter().enumerate() {
        let got = post(request, body).await;
        let replayed = got.header("idempotent-replayed");
        assert_eq!((got.status, replayed), (*status, Some("true")), "{path}: {}", got.text);
        if path == CASE {
            assert_eq!(got.text, first[request].text);
        }
    }
}

/// The keys of the rows that this channel and its case have, without those that the forwarder writes.
async fn rows(stack: &Stack, channel: &str, case: i64) -> Vec<(Value, Value)> {
    let of_case = [format!("CASE#{case}"), format!("MESSAGES#{case}")];
    let mut rows = stack.all("cases").await;
    rows.retain(|row| {
        let own = row.to_string().contains(channel) || of_case.iter().any(|pk| row["pk"]["S"] == pk.as_str());
        let sk = row["sk"]["S"].as_str().unwrap_or_default();
        own && sk != "FORWARD" && !sk.starts_with("ANSWER#")
    });
    let mut keys: Vec<(Value, Value)> = rows.iter().map(|row| (row["pk"].clone(), row["sk"].clone())).collect();
    keys.sort_by_key(|(pk, sk)| format!("{pk}{sk}"));
    keys
}
