//! A person's data is found and erased, in every place where the hub keeps any.

use std::time::Duration;

use http::Method;
use runtime::port::clock::Clock;
use serde_json::{Value, json};

use crate::end_to_end::bqs::documents::{CODE, upload};
use crate::end_to_end::mmob::market::{offer, place, shown, webhook};
use crate::leaks::{Canary, Text, hits};
use crate::lock::Domain::{Bqs, Funders, Mmob};
use crate::quote::{GENERATE, SAMPLE};
use crate::stack::Stack;

const ERASURES: &str = "/api/integration/erasures";
const PROPOSE: &str = "/api/integration/proposals/generate";
const DEALER: i64 = 808;

/// A person, under names that occur nowhere else.
struct Person {
    email: String,
    surname: String,
    /// What must be gone: the values, and the ids of what is about the person.
    canaries: Vec<Canary>,
}

impl Person {
    fn new() -> Self {
        let letters: String = uuid::Uuid::new_v4()
            .simple()
            .to_string()
            .replace(|c: char| c.is_ascii_digit(), "q");
        let (email, surname) = (format!("{letters}@example.com"), format!("Surname{letters}"));
        let canaries = vec![Canary::new("e-mail", &email), Canary::new("surname", &surname)];
        Self {
            email,
            surname,
            canaries,
        }
    }

    fn add(&mut self, name: &str, value: impl ToString) {
        self.canaries.push(Canary::new(name, &value.to_string()));
    }
}

/// A quote and a proposal with a document, with idempotency keys.
async fn finance(stack: &Stack, person: &mut Person) {
    let token = stack.token(&person.surname, &person.email, &[]);
    let post = async |path: &str, body: &Value| {
        let key = uuid::Uuid::new_v4().to_string();
        let headers = [("idempotency-key", key.as_str())];
        stack
            .send(Method::POST, path, &token, Some(&body.to_string()), &headers)
            .await
    };
    let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
    body["customerDetails"]["lastName"] = person.surname.as_str().into();
    body["customerDetails"]["email"] = person.email.as_str().into();
    let quote = post(GENERATE, &body).await;
    assert_eq!(quote.status, 201, "{}", quote.text);
    let quote = quote.json()["data"]["id"].as_str().unwrap().to_owned();
    let mut body: Value = serde_json::from_str(include_str!("../../../events/bodies/proposal.json")).unwrap();
    body["quoteId"] = quote.as_str().into();
    let proposal = post(PROPOSE, &body).await;
    assert_eq!(proposal.status, 202, "{}", proposal.text);
    let proposal = proposal.json()["data"]["proposalId"].as_str().unwrap().to_owned();
    let path = format!("/api/integration/customers/{}/proposals", person.email);
    stack.until(&path, &token, |got| got.text.contains(&proposal)).await;
    let path = format!("/api/integration/proposals/{proposal}/status");
    stack
        .until(&path, &token, |got| {
            got.json()["data"]["externalProposalId"].is_string()
        })
        .await;
    person.add("quote", quote);
    person.add("proposal", proposal);
}

/// A case with a document. Returns its number and its channel's key.
async fn case(stack: &Stack, person: &mut Person) -> (i64, String) {
    let key = stack
        .channel(&["case.write", "case.read", "document.write"], &[DEALER])
        .await
        .key;
    let case = stack.case(&key, DEALER).await;
    let customer = json!({"customer": {"lastName": person.surname, "eMail": person.email}});
    let path = format!("/v1/bqs-case/case/{case}");
    let put = stack
        .send_with_key(Method::PUT, &path, &key, Some(&customer.to_string()))
        .await;
    assert_eq!(put.status, 200, "{}", put.text);
    let pdf = format!("%PDF-1.4\n{}\n%%EOF", person.surname);
    let file = ("file", "application/pdf", pdf.as_bytes());
    let stored = upload(stack, &key, &case.to_string(), &[file, CODE]).await;
    assert!(stored.status < 300, "{}", stored.text);
    person.add("document", stored.json()["documentId"].as_str().unwrap());
    (case, key)
}

/// An order of a user of MMOB that is done. Returns its id.
async fn order(stack: &Stack, user: &str) -> String {
    let offer = offer(stack, json!({"kind": "auto", "requiredInputs": ["last_name"]})).await;
    let order = place(stack, &offer, json!({"url": webhook(stack), "user": user})).await;
    shown(stack, &order, |order| order["step"] == "TOLD").await;
    order
}

/// Requests an erasure and runs the domain's worker until its first pass is over.
async fn erase(stack: &Stack, domain: &str, subject: Value) -> Value {
    let admin = stack.text("/tokens/admin");
    let asked = stack
        .send(Method::POST, ERASURES, &admin, Some(&subject.to_string()), &[])
        .await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let location = asked.location().unwrap();
    let path = location.strip_prefix(&stack.base_url()).unwrap();
    for _ in 0..30 {
        stack.invoke(&format!("{domain}-erase"), &json!({})).await;
        let seen = stack.get(path, &admin).await.json()["data"]["domains"][domain].clone();
        if seen["state"] != "OPEN" {
            assert_eq!(seen["state"], "REPEAT", "{seen}");
            return seen;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("the erasure does not end");
}

/// Where the canaries are, in tables, versions of files, messages and logs.
async fn found(stack: &Stack, canaries: &[Canary], since: i64) -> Vec<String> {
    let mut texts = stack.logs(since).await;
    texts.extend(stack.file_versions().await);
    for table in stack.tables() {
        texts.extend(stack.all(&table).await.iter().map(|row| Text {
            place: table.clone(),
            text: row.to_string(),
        }));
    }
    texts.extend(stack.messages().await.iter().map(|message| Text {
        place: "a message".to_owned(),
        text: message.to_string(),
    }));
    texts.iter().flat_map(|text| hits(canaries.iter(), text)).collect()
}

#[tokio::test]
async fn nothing_of_a_person_is_left_after_an_erasure_by_email() {
    let stack = Stack::exclusive(&[Bqs, Funders]).await;
    let since = Clock::System.now().as_millisecond();
    let mut person = Person::new();
    finance(&stack, &mut person).await;
    let (number, key) = case(&stack, &mut person).await;
    // The workers handle their messages.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let before = found(&stack, &person.canaries, since).await;
    assert!(before.len() > 10, "{before:?}");
    for domain in ["funders", "bqs"] {
        let of_domain = erase(&stack, domain, json!({"email": person.email.to_uppercase()})).await;
        for count in ["rows", "files", "logRows"] {
            assert!(of_domain[count].as_u64().unwrap() > 0, "{domain}: {of_domain}");
        }
    }
    // Events and log lines name quotes and proposals by their ids, and nothing leads from those to a person any more.
    let values = &person.canaries[..2];
    let left = found(&stack, values, since).await;
    assert!(left.is_empty(), "{}", left.join("\n"));
    let ids = found(&stack, &person.canaries[2..], since).await;
    let is_id_only = |hit: &String| {
        ["deliveries", "idempotency", "erasures", "log"]
            .iter()
            .any(|place| hit.contains(place))
    };
    let astray: Vec<&String> = ids.iter().filter(|hit| !is_id_only(hit)).collect();
    assert!(astray.is_empty(), "{astray:?}");
    let path = format!("/v1/bqs-case/case/{number}");
    assert_eq!(stack.send_with_key(Method::GET, &path, &key, None).await.status, 404);
}

#[tokio::test]
async fn nothing_of_a_case_is_left_after_an_erasure_by_its_number() {
    let stack = Stack::exclusive(&[Bqs]).await;
    let since = Clock::System.now().as_millisecond();
    let mut person = Person::new();
    let (number, key) = case(&stack, &mut person).await;
    let (neighbour, _) = case(&stack, &mut Person::new()).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(found(&stack, &person.canaries, since).await.len() > 3);
    erase(&stack, "bqs", json!({"case": number})).await;
    let left = found(&stack, &person.canaries[..2], since).await;
    assert!(left.is_empty(), "{}", left.join("\n"));
    assert!(!stack.rows("cases", "pk", &format!("CASE#{neighbour}")).await.is_empty());
    let path = format!("/v1/bqs-case/case/{number}");
    assert_eq!(stack.send_with_key(Method::GET, &path, &key, None).await.status, 404);
}

#[tokio::test]
async fn an_erasure_by_customer_takes_the_orders_of_a_user_of_mmob() {
    let stack = Stack::exclusive(&[Mmob]).await;
    let since = Clock::System.now().as_millisecond();
    let [user, other] = [(); 2].map(|()| format!("tus_{}", uuid::Uuid::new_v4().simple()));
    let (first, second) = (order(&stack, &user).await, order(&stack, &other).await);
    erase(&stack, "mmob", json!({"customer": user})).await;
    assert!(stack.rows("mmob", "pk", &format!("ORDER#{first}")).await.is_empty());
    assert!(stack.rows("integrationLog", "subjectId", &first).await.is_empty());
    let left = found(&stack, &[Canary::new("user", &user)], since).await;
    assert!(left.is_empty(), "{}", left.join("\n"));
    assert_eq!(stack.rows("mmob", "pk", &format!("ORDER#{second}")).await.len(), 1);
}

#[tokio::test]
async fn only_admins_erase_and_each_request_names_one_subject() {
    let stack = Stack::shared(&[]).await;
    let one = json!({"case": 999_999_999}).to_string();
    for (token, status) in [("customer", 403), ("agent", 403), ("staff", 403)] {
        let token = stack.text(&format!("/tokens/{token}"));
        assert_eq!(
            stack.send(Method::POST, ERASURES, &token, Some(&one), &[]).await.status,
            status
        );
    }
    let admin = stack.text("/tokens/admin");
    for body in [
        json!({}),
        json!({"email": ""}),
        json!({"case": 1, "email": "jane@example.com"}),
        json!({"case": -1}),
    ] {
        let got = stack
            .send(Method::POST, ERASURES, &admin, Some(&body.to_string()), &[])
            .await;
        assert_eq!(got.status, 422, "{body}: {}", got.text);
    }
}
