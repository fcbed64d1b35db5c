//! Every request of spec 4 in the spec's order, over HTTP. Samples that are not JSON are corrected, and each run has its own
//! names of channels and cases.

use http::Method;
use serde_json::{Value, json};

use crate::channel::{ADMIN, Channel};
use crate::lock::Domain::Bqs;
use crate::stack::{HubResponse, Stack};

const CASE: &str = "/v1/bqs-case/case";
const MESSAGE: &str = "/v1/bqs-case/message/case";
/// The spec writes it with a slash at the end.
const MANAGEMENT: &str = "/v1/bqs-case/management/";
const PERMISSIONS: &str = include_str!("../../../functions/bqs/fixtures/management-create.json");

fn sample(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

async fn post(stack: &Stack, path: &str, key: &str, body: &str) -> HubResponse {
    stack.send_with_key(Method::POST, path, key, Some(body)).await
}

/// A channel for the dealers, brands and agreements of the sample cases.
async fn dealer(stack: &Stack) -> Channel {
    let roles = ["case.write", "case.read", "message.read", "document.write"];
    stack.channel(&roles, &[730, 808, 976]).await
}

async fn created(stack: &Stack, key: &str, body: &str) -> i64 {
    let got = post(stack, CASE, key, body).await;
    assert_eq!(got.status, 201, "{}", got.text);
    let sequence = got.json()["sequence"].as_i64().unwrap();
    assert_eq!(got.location(), Some(format!("{}{CASE}/{sequence}", stack.base_url())));
    sequence
}

#[tokio::test]
async fn the_samples_of_cases_are_answered() {
    let stack = Stack::shared(&[Bqs]).await;
    let Channel { key, name } = dealer(&stack).await;
    let private = created(
        &stack,
        &key,
        include_str!("../../../functions/bqs/fixtures/case-private.json"),
    )
    .await;
    let company = created(
        &stack,
        &key,
        include_str!("../../../functions/bqs/fixtures/case-company.json"),
    )
    .await;
    assert!(company > private);
    let path = format!("{CASE}/{company}");
    let case = stack.send_with_key(Method::GET, &path, &key, None).await.json();
    // The hub answers with one spelling of members and of money. The sample has three and two.
    assert_eq!(case["caseVariables"][0]["moneyValue"], 15211);
    assert_eq!(case["caseVariables"][2]["value"], "6");
    assert_eq!(case["caseObject"]["expenses"][0]["openCharge"], 1180);
    assert_eq!(case["calculation"]["admininstrationFeeIsManual"], true);
    let update = include_str!("../../../functions/bqs/fixtures/case-update.json");
    let updated = stack.send_with_key(Method::PUT, &path, &key, Some(update)).await;
    assert_eq!(updated.status, 200, "{}", updated.text);
    let mut wanted = case;
    assert!(wanted.as_object_mut().unwrap().remove("progress").is_some());
    for member in ["agreementCode", "externalSystemReference", "brandCode"] {
        wanted[member] = sample(update)[member].clone();
    }
    wanted["calculation"]["monthlyAmount"] = json!(8000);
    wanted["calculation"]["administrationFee"] = json!(2000);
    assert_eq!(updated.json(), wanted);
    for (what, body) in [
        (
            "score-customer",
            include_str!("../../../functions/bqs/fixtures/score.json"),
        ),
        (
            "business-consent",
            include_str!("../../../functions/bqs/fixtures/consent.json"),
        ),
    ] {
        let got = post(&stack, &format!("{path}/{what}"), &key, body).await;
        assert_eq!(got.status, 202, "{what}: {}", got.text);
    }
    documents(&stack, &key, &name, private).await;
}

/// Both commands of the spec. The spec leaves out the API key.
async fn documents(stack: &Stack, key: &str, channel: &str, sequence: i64) {
    let pdf = "%PDF-1.3\n%a file\n%%EOF\n";
    let file = format!("name=\"file\"; filename=\"file.pdf\"\r\nContent-Type: application/pdf\r\n\r\n{pdf}");
    let base64 = format!(
        "name=\"fileBase64\"\r\n\r\n{}",
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, pdf)
    );
    for part in [file, base64] {
        let parts = [part, "name=\"code\"\r\n\r\n123".to_owned()];
        let parts = parts.map(|part| format!("--boundary\r\nContent-Disposition: form-data; {part}\r\n"));
        let body = format!("{}--boundary--\r\n", parts.concat());
        let headers = [
            ("x-api-key", key),
            ("x-channel-id", channel),
            ("content-type", "multipart/form-data; boundary=boundary"),
        ];
        let path = format!("/v1/bqs-case/document/{sequence}");
        let got = stack.send(Method::POST, &path, "", Some(&body), &headers).await;
        assert_eq!(got.status, 201, "{}", got.text);
        let digest = ring::digest::digest(&ring::digest::SHA256, pdf.as_bytes());
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            (&got.json()["sha256"], &got.json()["size"]),
            (&json!(hex), &json!(pdf.len()))
        );
    }
}

#[tokio::test]
async fn the_samples_of_messages_are_answered() {
    let stack = Stack::shared(&[Bqs]).await;
    let sender = stack.sample_key("vwfs-dk-message-example");
    let reader = dealer(&stack).await.key;
    let case = i64::from(uuid::Uuid::new_v4().as_fields().0);
    let mut message = sample(include_str!("../../../functions/bqs/fixtures/message.json"));
    message["case"]["preViewCaseId"] = json!(case);
    for _ in 0..2 {
        let got = post(&stack, MESSAGE, &sender, &message.to_string()).await;
        assert_eq!((got.status, got.text.as_str()), (202, ""));
    }
    let path = format!("{MESSAGE}/?from_date=2024-03-01T08:20:17.414Z&pre_view_case_id={case}");
    let got = stack.send_with_key(Method::GET, &path, &reader, None).await;
    assert_eq!(got.status, 200, "{}", got.text);
    let (got, mut wanted) = (
        got.json(),
        sample(include_str!("../../../functions/bqs/fixtures/message-list.json")),
    );
    wanted["preViewCaseId"] = json!(case);
    wanted["messages"][0]["preViewCaseId"] = json!(case);
    let latest = got["latestReceivedDate"].as_str().unwrap();
    assert_eq!(latest.len(), "2024-05-22T15:21:05.987296+02:00".len());
    wanted["latestReceivedDate"] = json!(latest);
    assert_eq!(got, wanted, "the message was sent two times and is listed one time");
    // The spec's malformed date, in the spec's place.
    let broken = include_str!("../../../functions/bqs/fixtures/message.json").replacen(
        r#""creditApprovalDate": "2022-01-01T00:00:00Z""#,
        r#""creditApprovalDate": "2022-01""#,
        1,
    );
    let got = post(&stack, MESSAGE, &sender, &broken).await;
    let wanted = sample(include_str!("../../../functions/bqs/fixtures/problem-validation.json"));
    let (problem, path) = (got.json(), "$.case.creditApprovalDate");
    assert_eq!(got.status, 400, "{}", got.text);
    for member in ["type", "title", "status"] {
        assert_eq!(problem[member], wanted[member]);
    }
    assert_eq!(problem["errors"][path], wanted["errors"][path]);
    let anonymous = post(&stack, MESSAGE, "", &message.to_string()).await;
    let wanted = sample(include_str!(
        "../../../functions/bqs/fixtures/problem-unauthenticated.json"
    ));
    for member in ["type", "title", "status"] {
        assert_eq!(anonymous.json()[member], wanted[member]);
    }
}

#[tokio::test]
async fn the_samples_of_permissions_are_answered() {
    let stack = Stack::shared(&[Bqs]).await;
    let admin = stack.sample_key(ADMIN);
    let mut wanted = sample(PERMISSIONS);
    let taken = post(&stack, MANAGEMENT, &admin, &wanted.to_string()).await;
    assert_eq!(
        taken.status, 409,
        "`cargo xtask up` has made this channel: {}",
        taken.text
    );
    let name = format!("test-{}", uuid::Uuid::new_v4());
    wanted["channelName"] = json!(name);
    let made = post(&stack, MANAGEMENT, &admin, &wanted.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("{MANAGEMENT}{name}");
    let sorted = |channel: &Value| {
        let mut channel = channel.clone();
        for list in channel.as_object_mut().unwrap().values_mut() {
            if let Some(list) = list.as_array_mut() {
                list.sort_by_key(Value::to_string);
            }
        }
        channel
    };
    let one = stack.send_with_key(Method::GET, &path, &admin, None).await;
    assert_eq!(
        one.json().as_array().unwrap().iter().map(sorted).collect::<Vec<_>>(),
        [sorted(&wanted)]
    );
    wanted["roles"] = json!(["case.read"]);
    let put = stack
        .send_with_key(Method::PUT, &path, &admin, Some(&wanted.to_string()))
        .await;
    assert_eq!(put.status, 200, "{}", put.text);
    let all: Vec<Value> = channels(&stack, &admin).await.iter().map(sorted).collect();
    assert!(all.contains(&sorted(&wanted)));
    for of_the_spec in sample(include_str!("../../../functions/bqs/fixtures/management-list.json"))
        .as_array()
        .unwrap()
    {
        assert!(all.contains(&sorted(of_the_spec)), "{of_the_spec}");
    }
}

/// Every channel, page by page.
async fn channels(stack: &Stack, admin: &str) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), Some("?limit=50".to_owned()));
    while let Some(query) = next.take() {
        let path = format!("{MANAGEMENT}{query}");
        let got = stack.send_with_key(Method::GET, &path, admin, None).await;
        assert_eq!(got.status, 200, "{}", got.text);
        all.extend(got.json().as_array().unwrap().iter().cloned());
        let address = |link: &str| Some(link.strip_prefix('<')?.split_once('>')?.0.to_owned());
        next = got.header("link").map(|link| address(link).unwrap());
    }
    all
}
