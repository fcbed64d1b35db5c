//! What dealers send: cases, documents and messages, good ones and each in its ways to be refused.

use http::Method;
use serde_json::{Value, json};

use super::Seen;
use crate::channel::ADMIN;
use crate::end_to_end::flock::Flock;
use crate::stack::{Got, Stack};

const CASE: &str = "/v1/bqs-case/case";
const MESSAGE: &str = "/v1/bqs-case/message/case";
const MANAGEMENT: &str = "/v1/bqs-case/management";
const BOUNDARY: &str = "multipart/form-data; boundary=b";

struct Dealer<'a> {
    stack: &'a Stack,
    flock: &'a Flock,
    seen: &'a mut Seen,
}

impl Dealer<'_> {
    async fn send(&mut self, wanted: u16, method: Method, path: &str, body: &str, more: &[(&str, &str)]) -> Got {
        let key = self.flock.dealer.key.clone();
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

    async fn post(&mut self, wanted: u16, path: &str, body: &Value) -> Got {
        let key = uuid::Uuid::new_v4().to_string();
        let once = [("idempotency-key", key.as_str())];
        self.send(wanted, Method::POST, path, &body.to_string(), &once).await
    }
}

pub async fn deal(stack: &Stack, flock: &Flock, seen: &mut Seen) {
    let mut dealer = Dealer { stack, flock, seen };
    // The upstream repeats what it was told.
    let echo = json!({"title": flock.odd("echo"), "errors": {flock.odd("echo"): [flock.case().to_string()]}});
    let script = json!([{"status": 500, "body": echo}, {"status": 400, "body": echo}]);
    stack.control(Method::PUT, "/bqs/update", Some(script)).await;
    let made = dealer.post(201, CASE, &flock.case()).await;
    let sequence = made.json()["sequence"].as_i64().unwrap();
    let path = format!("{CASE}/{sequence}");
    let change = json!({"externalSystemReference": format!("{} again", flock.odd("referencecase"))});
    dealer.send(200, Method::PUT, &path, &change.to_string(), &[]).await;
    let number = flock.word("numbercase");
    for (what, body) in [
        ("score-customer", json!({"organizationNumber": number})),
        (
            "business-consent",
            json!({"organizationNumber": number, "email": flock.case_mail()}),
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
    let flock = dealer.flock;
    let word = flock.word("number");
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
        let mut case = flock.case();
        *case.pointer_mut(pointer).unwrap() = word.clone().into();
        dealer.post(400, CASE, &case).await;
        dealer.send(400, Method::PUT, path, &case.to_string(), &[]).await;
    }
    let text = flock.case().to_string();
    let twice = text.replacen('{', &format!("{{\"DEALER\":\"{word}\","), 1);
    let large = format!("{text}{}", " ".repeat(300 * 1024));
    let (other, spoofed) = (flock.other_key(), flock.word("raw"));
    let media = format!("text/{}", flock.word("media"));
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
    let mut elsewhere = flock.case();
    elsewhere["dealer"] = json!(730);
    dealer.post(403, CASE, &elsewhere).await;
    let nowhere = format!("{CASE}/999999999");
    dealer.send(404, Method::PUT, &nowhere, &text, &[]).await;
    let misnamed = format!("{CASE}/{}/score-customer", flock.word("path"));
    let body = json!({"organizationNumber": flock.word("numbercase")});
    dealer.post(400, &misnamed, &body).await;
    let score = format!("{path}/score-customer");
    let body = json!({"organizationNumber": flock.odd("unknowncase")});
    dealer.post(400, &score, &body).await;
}

fn form(parts: &[(&str, &str)]) -> String {
    let parts = parts
        .iter()
        .map(|(head, body)| format!("--b\r\nContent-Disposition: form-data; name={head}\r\n\r\n{body}\r\n"));
    format!("{}--b--\r\n", parts.collect::<String>())
}

async fn documents(dealer: &mut Dealer<'_>, sequence: i64) {
    let flock = dealer.flock;
    let path = format!("/v1/bqs-case/document/{sequence}");
    let pdf = format!("%PDF-1.4 {}", flock.word("document"));
    let base64 = flock.document();
    let file = format!(
        "\"file\"; filename=\"{}.pdf\"\r\nContent-Type: application/pdf",
        flock.word("filename")
    );
    let code = ("\"code\"", "123");
    let (svg, broken) = (format!("<svg>{pdf}</svg>"), format!("{base64}*"));
    let odd = flock.odd("raw");
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
    for (wanted, media) in [(201, "application/pdf".to_owned()), (400, flock.word("media"))] {
        let body = json!({"code": "123", "contentType": media, "size": 5_000_000});
        dealer.post(wanted, &upload, &body).await;
    }
}

async fn messages(dealer: &mut Dealer<'_>, sequence: i64) {
    let (flock, stack) = (dealer.flock, dealer.stack);
    let message = json!({"case": {
        "preViewCaseId": sequence, "dealerNumber": 808, "userId": flock.odd("usermessage"),
        "caseState": {"state": "Open", "stateMessage": flock.odd("statemessage")}, "nobodyKnows": flock.odd("unknownmessage"),
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
        message["case"][member] = flock.word("number").into();
        let text = message.to_string();
        dealer.send(400, Method::POST, MESSAGE, &text, &sender).await;
    }
    for query in ["pre_view_case_id", "pre_view_case_id=1&from_date"] {
        let path = format!("{MESSAGE}?{query}={}", flock.word("query"));
        let got = stack.ask(Method::GET, &path, &flock.dealer.key, None).await;
        assert_eq!(got.status, 400, "{}", got.text);
        dealer.seen.add(query, &got);
    }
}

async fn channels(dealer: &mut Dealer<'_>) {
    let flock = dealer.flock;
    let admin = dealer.stack.sample_key(ADMIN);
    let (key, seen) = (("x-api-key", admin.as_str()), flock.word("if-match"));
    let wanted = |name: &str, role: &str| {
        json!({
            "channelName": name, "roles": [role],
            "allowedDealerCodes": [808], "allowedBrandCodes": [], "allowedAgreements": [],
        })
        .to_string()
    };
    let path = format!("{MANAGEMENT}/{}", flock.managed);
    for (status, method, path, body, more) in [
        (
            409,
            Method::POST,
            MANAGEMENT,
            wanted(&flock.dealer.name, "admin"),
            vec![key],
        ),
        (
            400,
            Method::POST,
            MANAGEMENT,
            wanted(&flock.odd("raw"), "admin"),
            vec![key],
        ),
        (
            400,
            Method::PUT,
            &path,
            wanted(&flock.managed, &flock.word("enum")),
            vec![key],
        ),
        (
            400,
            Method::PUT,
            &path,
            wanted(&flock.dealer.name, "case.read"),
            vec![key],
        ),
        (
            412,
            Method::PUT,
            &path,
            wanted(&flock.managed, "case.read"),
            vec![key, ("if-match", &seen)],
        ),
        (403, Method::PUT, &path, wanted(&flock.managed, "case.read"), vec![]),
    ] {
        dealer.send(status, method, path, &body, &more).await;
    }
}
