//! Quotes, proposals and webhooks of funders that fail in every way.

use http::Method;
use serde_json::{Value, json};

use super::canary_values::CanaryValues;
use super::seen::Seen;
use crate::leaks::Text;
use crate::quote::GENERATE as QUOTE;
use crate::stack::{HubResponse, Stack};

const PROPOSAL: &str = "/api/integration/proposals/generate";

async fn post(
    stack: &Stack,
    values: &CanaryValues,
    path: &str,
    body: &Value,
    key: &str,
    seen: &mut Seen,
) -> HubResponse {
    let more = [("idempotency-key", key)];
    let got = stack
        .send(Method::POST, path, &values.token, Some(&body.to_string()), &more)
        .await;
    seen.add(path, &got);
    got
}

/// A funder that repeats the request in every kind of failure. One response is late.
pub async fn funder_failures(stack: &Stack, values: &CanaryValues, seen: &mut Seen) {
    let echo = values.odd("echo");
    let personal = values.quote("LEX")["customerDetails"].to_string();
    let refusal = json!({"errors": [{"code": "INVALID_FIELD", "field": "term", "message": echo}], "sent": personal});
    let header = json!({"x-debug": values.word("partnerheader"), "set-cookie": values.word("partnerheader")});
    let answer =
        |status: u16, times: u16| json!({"status": status, "body": refusal, "headers": header, "times": times});
    stack.script("alphabet/details", json!([{"delay": 9_000}])).await;
    let late = values.quote("ALPHABET");
    let key = values.word("idempotency-key");
    let slow = async {
        let more = [("idempotency-key", key.as_str())];
        let got = stack
            .send(Method::POST, QUOTE, &values.token, Some(&late.to_string()), &more)
            .await;
        assert!(matches!(got.status, 201 | 202), "{}", got.text);
        let other = stack.send(Method::POST, QUOTE, &values.token, Some("{}"), &more).await;
        (other.status, other)
    };
    let quick = async {
        let body = values.quote("LEX");
        let mut got = Vec::new();
        for script in [
            json!([answer(400, 1)]),
            json!([answer(422, 1)]),
            json!([answer(401, 2)]),
            json!([{"status": 200, "body": format!("<html>{echo}"), "times": 2}]),
            json!([{"status": 200, "body": {"name": echo}, "times": 2}]),
            json!([answer(500, 4)]),
        ] {
            stack.script_lex(script).await;
            let key = uuid::Uuid::new_v4().to_string();
            let more = [("idempotency-key", key.as_str())];
            got.push(
                stack
                    .send(Method::POST, QUOTE, &values.token, Some(&body.to_string()), &more)
                    .await,
            );
        }
        got
    };
    let ((_, slow), quick) = futures_util::join!(slow, quick);
    seen.add(QUOTE, &slow);
    for got in &quick {
        seen.add(QUOTE, got);
    }
    let statuses: Vec<u16> = quick.iter().map(|got| got.status).collect();
    assert_eq!(statuses, [422, 422, 502, 502, 502, 202]);
}

/// A quote that becomes a proposal with a document, two times, and notices about it, forged and good.
pub async fn proposals_and_webhooks(stack: &Stack, values: &CanaryValues, seen: &mut Seen) {
    stack.script_lex(json!([])).await;
    let key = || uuid::Uuid::new_v4().to_string();
    let quote = post(stack, values, QUOTE, &values.quote("LEX"), &key(), seen).await;
    let id = quote.json()["data"]["id"].as_str().unwrap().to_owned();
    let refusal = json!([{"status": 500, "body": values.odd("echo")}, {"status": 400, "body": {"errors": [{"message": values.odd("echo")}]}}]);
    stack.script("lex/proposal", refusal).await;
    let body = values.proposal(&id);
    let mut large = body.clone();
    large["additionalDocuments"]["drivingLicense"] = format!("{}{}", values.document(), "A".repeat(4_300_000)).into();
    assert_eq!(post(stack, values, PROPOSAL, &large, &key(), seen).await.status, 413);
    let made = post(stack, values, PROPOSAL, &body, &key(), seen).await;
    assert_eq!(made.status, 202, "{}", made.text);
    assert_eq!(post(stack, values, PROPOSAL, &body, &key(), seen).await.status, 409);
    let proposal = made.json()["data"]["proposalId"].clone();
    let url = format!("{}/webhooks/lex", stack.base_url());
    let personal = json!({"customer": values.quote("LEX")["customerDetails"], "note": values.word("event")});
    let notice = json!({
        "type": "proposal.updated", "timestamp": "2026-01-05T10:20:00Z", "more": personal,
        "data": {"reference": proposal, "externalReference": "P1", "status": "DECLINED", "reason": "score", "more": personal},
    });
    let unknown = json!({"type": values.word("event"), "timestamp": "2026-01-05T10:20:00Z", "data": personal});
    for (body, more, wanted) in [
        (&notice, json!({"wrongSignature": true}), 401),
        (&notice, json!({"age": 900}), 401),
        (&personal, json!({}), 400),
        (&unknown, json!({}), 204),
        (&notice, json!({"times": 2}), 200),
    ] {
        let mut hook = json!({"url": url, "funder": "lex", "body": body});
        hook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sent = stack.control(Method::POST, "/webhooks", Some(hook)).await;
        assert_eq!(sent["deliveries"][0]["status"], wanted, "{sent}");
        seen.0.push(Text {
            place: "the response to a webhook".into(),
            text: sent["deliveries"].to_string(),
        });
    }
    let forged = [
        ("webhook-id", "x"),
        ("webhook-timestamp", "1"),
        ("webhook-signature", &values.word("signature")),
    ];
    let got = stack
        .send(Method::POST, "/webhooks/lex", "", Some(&notice.to_string()), &forged)
        .await;
    assert_eq!(got.status, 401);
    seen.add("a forged webhook", &got);
}
