//! A dealer's requests: cases, documents and messages, good ones and refused ones.

use http::Method;
use serde_json::{Value, json};

use super::canary_values::CanaryValues;
use super::seen::Seen;
use crate::channel::ADMIN;

use crate::stack::{HubResponse, Stack};

const CASE: &str = "/v1/bqs-case/case";
const MESSAGE: &str = "/v1/bqs-case/message/case";
const MANAGEMENT: &str = "/v1/bqs-case/management";
const BOUNDARY: &str = "multipart/form-data; boundary=b";

struct Dealer<'a> {
    stack: &'a Stack,
    values: &'a CanaryValues,
    seen: &'a mut Seen,
}

impl Dealer<'_> {
    async fn send(
        &mut self,
        wanted: u16,
        method: Method,
        path: &str,
        body: &str,
        more: &[(&str, &str)],
    ) -> HubResponse {
        let key = self.values.dealer.key.clone();
        let own = [("x-api-key", key.as_str())];
        let own = own
            .iter()
            .filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let headers: Vec<_> = own.chain(more).copied().collect();
        let got = self.stack.send(method, path, "", Some(body), &headers).await;
        assert_eq!(got.status, wanted, "{path} {body:.200}: {}", got.text);
        self.seen.add(path, &got);
        got
    }

    async fn post(&mut self, wanted: u16, path: &str, body: &Value) -> HubResponse {
        let key = uuid::Uuid::new_v4().to_string();
        let headers = [("idempotency-key", key.as_str())];
        self.send(wanted, Method::POST, path, &body.to_string(), &headers).await
    }
}

pub async fn deal(stack: &Stack, values: &CanaryValues, seen: &mut Seen) {
    let mut dealer = Dealer { stack, values, seen };
    // The upstream repeats the request.
    let echo = json!({"title": values.odd("echo"), "errors": {values.odd("echo"): [values.case().to_string()]}});
    let script = json!([{"status": 500, "body": echo}, {"status": 400, "body": echo}]);
    stack.script("bqs/update", script).await;
    let made = dealer.post(201, CASE, &values.case()).await;
    let sequence = made.json()["sequence"].as_i64().unwrap();
    let path = format!("{CASE}/{sequence}");
    let change = json!({"externalSystemReference": format!("{} again", values.odd("referencecase"))});
    dealer.send(200, Method::PUT, &path, &change.to_string(), &[]).await;
    let number = values.word("numbercase");
    for (what, body) in [
        ("score-customer", json!({"organizationNumber": number})),
        (
            "business-consent",
            json!({"organizationNumber": number, "email": values.case_mail()}),
        ),
    ] {
        dealer.post(202, &format!("{path}/{what}"), &body).await;
    }
    refused_cases(&mut dealer, &path).await;
    documents(&mut dealer, sequence).await;
    messages(&mut dealer, sequence).await;
    channels(&mut dealer).await;
}

async fn refused_cases(dealer: &mut Dealer<'_>, path: &str) {
    let values = dealer.values;
    let word = values.word("number");
    for pointer in [
        "/dealer",
        "/agreementCode",
        "/calculation/downPayment",
        "/calculation/isInterestFixed",
        "/caseVariables",
        "/caseObject/accessories/0/typeCode",
        "/caseObject/objectRegistry/deliveryDate",
        "/customer/details/addresses",
    ] {
        let mut case = values.case();
        *case.pointer_mut(pointer).unwrap() = word.clone().into();
        dealer.post(400, CASE, &case).await;
        dealer.send(400, Method::PUT, path, &case.to_string(), &[]).await;
    }
    let text = values.case().to_string();
    let twice = text.replacen('{', &format!("{{\"DEALER\":\"{word}\","), 1);
    let large = format!("{text}{}", " ".repeat(300 * 1024));
    let (other, spoofed) = (values.other_key(), values.word("raw"));
    let media = format!("text/{}", values.word("media"));
    for (wanted, body, more) in [
        (400, &text[..text.len() - 2], vec![]),
        (400, twice.as_str(), vec![]),
        (413, &large, vec![]),
        (415, &text, vec![("content-type", media.as_str())]),
        (401, &text, vec![("x-api-key", other.as_str())]),
        (401, &text, vec![("x-channel-id", spoofed.as_str())]),
    ] {
        dealer.send(wanted, Method::POST, CASE, body, &more).await;
    }
    let mut elsewhere = values.case();
    elsewhere["dealer"] = json!(730);
    dealer.post(403, CASE, &elsewhere).await;
    let nowhere = format!("{CASE}/999999999");
    dealer.send(404, Method::PUT, &nowhere, &text, &[]).await;
    let misnamed = format!("{CASE}/{}/score-customer", values.word("path"));
    let body = json!({"organizationNumber": values.word("numbercase")});
    dealer.post(400, &misnamed, &body).await;
    let score = format!("{path}/score-customer");
    let body = json!({"organizationNumber": values.odd("unknowncase")});
    dealer.post(400, &score, &body).await;
}

fn form(parts: &[(&str, &str)]) -> String {
    let parts = parts
        .iter()
        .map(|(head, body)| format!("--b\r\nContent-Disposition: form-data; name={head}\r\n\r\n{body}\r\n"));
    format!("{}--b--\r\n", parts.collect::<String>())
}

async fn documents(dealer: &mut Dealer<'_>, sequence: i64) {
    let values = dealer.values;
    let path = format!("/v1/bqs-case/document/{sequence}");
    let pdf = format!("%PDF-1.4 {}\n%%EOF", values.word("document"));
    let base64 = values.document();
    let file = format!(
        "\"file\"; filename=\"{}.pdf\"\r\nContent-Type: application/pdf",
        values.word("filename")
    );
    let code = ("\"code\"", "123");
    let (svg, broken) = (format!("<svg>{pdf}</svg>"), format!("{base64}*"));
    let odd = values.odd("raw");
    let large = format!("{pdf}{}", "x".repeat(3 * 1024 * 1024));
    for (wanted, parts) in [
        (201, vec![(file.as_str(), pdf.as_str()), code]),
        (201, vec![("\"fileBase64\"", base64.as_str()), code]),
        (400, vec![(&file, &pdf), ("\"fileBase64\"", &base64), code]),
        (400, vec![(&file, &pdf), ("\"code\"", &odd)]),
        (400, vec![("\"fileBase64\"", &broken), code]),
        (413, vec![(&file, &large), code]),
        (415, vec![(&file, &svg), code]),
    ] {
        let media = [("content-type", BOUNDARY)];
        dealer.send(wanted, Method::POST, &path, &form(&parts), &media).await;
    }
    let cut = &form(&[(&file, &pdf), code])[..120];
    let media = [("content-type", BOUNDARY)];
    dealer.send(400, Method::POST, &path, cut, &media).await;
    let upload = format!("{path}/upload");
    for (wanted, media) in [(201, "application/pdf".to_owned()), (400, values.word("media"))] {
        let body = json!({"code": "123", "contentType": media, "size": 5_000_000});
        dealer.post(wanted, &upload, &body).await;
    }
}

async fn messages(dealer: &mut Dealer<'_>, sequence: i64) {
    let (values, stack) = (dealer.values, dealer.stack);
    let message = json!({"case": {
        "preViewCaseId": sequence, "dealerNumber": 808, "userId": values.odd("usermessage"),
        "caseState": {"state": "Open", "stateMessage": values.odd("statemessage")}, "unknown": values.odd("unknownmessage"),
    }});
    let sender = stack.sample_key("vwfs-dk-message-example");
    let sender = [("x-api-key", sender.as_str())];
    let text = message.to_string();
    for _ in 0..2 {
        dealer.send(202, Method::POST, MESSAGE, &text, &sender).await;
    }
    dealer.send(403, Method::POST, MESSAGE, &text, &[]).await;
    for member in ["preViewCaseId", "dealerNumber", "creditApprovalDate", "caseActivity"] {
        let mut message = message.clone();
        message["case"][member] = values.word("number").into();
        let text = message.to_string();
        dealer.send(400, Method::POST, MESSAGE, &text, &sender).await;
    }
    for query in ["pre_view_case_id", "pre_view_case_id=1&from_date"] {
        let path = format!("{MESSAGE}?{query}={}", values.word("query"));
        let got = stack.send_with_key(Method::GET, &path, &values.dealer.key, None).await;
        assert_eq!(got.status, 400, "{}", got.text);
        dealer.seen.add(query, &got);
    }
}

async fn channels(dealer: &mut Dealer<'_>) {
    let values = dealer.values;
    let admin = dealer.stack.sample_key(ADMIN);
    let (key, seen) = (("x-api-key", admin.as_str()), values.word("if-match"));
    let wanted = |name: &str, role: &str| {
        json!({
            "channelName": name, "roles": [role],
            "allowedDealerCodes": [808], "allowedBrandCodes": [], "allowedAgreements": [],
        })
        .to_string()
    };
    let path = format!("{MANAGEMENT}/{}", values.managed);
    for (status, method, path, body, more) in [
        (
            409,
            Method::POST,
            MANAGEMENT,
            wanted(&values.dealer.name, "admin"),
            vec![key],
        ),
        (
            400,
            Method::POST,
            MANAGEMENT,
            wanted(&values.odd("raw"), "admin"),
            vec![key],
        ),
        (
            400,
            Method::PUT,
            &path,
            wanted(&values.managed, &values.word("enum")),
            vec![key],
        ),
        (
            400,
            Method::PUT,
            &path,
            wanted(&values.dealer.name, "case.read"),
            vec![key],
        ),
        (
            412,
            Method::PUT,
            &path,
            wanted(&values.managed, "case.read"),
            vec![key, ("if-match", &seen)],
        ),
        (403, Method::PUT, &path, wanted(&values.managed, "case.read"), vec![]),
    ] {
        dealer.send(status, method, path, &body, &more).await;
    }
}
