//! The sample events through the deployed functions, and the queue's way to its dead-letter queue.

use std::fs;
use std::time::Duration;

use http::Method;
use runtime::clock::Clock;
use serde_json::{Value, json};

use self::Outcome::{Back, Done, Status};
use crate::channel::ADMIN;
use crate::leaks::{Canary, hits};
use crate::stack::Stack;
use crate::template::{functions, root};

/// What comes of a sample event.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// An HTTP answer.
    Status(u16),
    /// So many messages of the batch come back.
    Back(usize),
    /// A schedule's work went well.
    Done,
}

/// By function, in the order in which they are tried. Quotes, proposals, subscriptions and deliveries of the samples do not
/// exist; cases, channels, orders and products do.
const OUTCOMES: &[(&str, Outcome)] = &[
    ("funders-quote-generate", Status(201)),
    ("funders-quote-status", Status(404)),
    ("funders-quote-list", Status(200)),
    ("funders-quote-get", Status(404)),
    // A first delivery may only be early, and is kept for later.
    ("funders-quote-retry", Back(1)),
    ("funders-proposal-generate", Status(404)),
    ("funders-proposal-status", Status(404)),
    ("funders-proposal-list", Status(200)),
    ("funders-proposal-get", Status(404)),
    ("funders-proposal-submit", Back(1)),
    ("funders-funder-list", Status(200)),
    ("funders-funder-test", Status(200)),
    ("funders-customer-quotes", Status(200)),
    ("funders-customer-proposals", Status(200)),
    ("funders-customer-list", Status(200)),
    ("funders-customer-get", Status(200)),
    ("funders-vehicle-list", Status(200)),
    ("funders-vehicle-get", Status(200)),
    // Its signature is none.
    ("funders-webhook", Status(401)),
    ("funders-event-apply", Back(1)),
    ("funders-reconcile", Done),
    ("bqs-case-create", Status(201)),
    ("bqs-case-update", Status(200)),
    ("bqs-case-get", Status(200)),
    ("bqs-case-score", Status(202)),
    ("bqs-case-consent", Status(202)),
    ("bqs-management-create", Status(201)),
    ("bqs-management-update", Status(200)),
    ("bqs-management-get", Status(200)),
    ("bqs-management-rotate", Status(201)),
    ("bqs-message-create", Status(202)),
    ("bqs-message-list", Status(200)),
    ("bqs-document-upload", Status(201)),
    ("bqs-document-presign", Status(201)),
    ("bqs-forward", Back(0)),
    ("mmob-product-create", Status(201)),
    ("mmob-product-list", Status(200)),
    ("mmob-price-create", Status(201)),
    ("mmob-order-webhook", Status(200)),
    ("mmob-order-process", Back(0)),
    ("mmob-order-sweep", Done),
    ("mmob-order-list", Status(200)),
    ("mmob-order-get", Status(200)),
    ("mmob-order-resolve", Status(200)),
    ("operations-health", Status(200)),
    ("operations-logs", Status(200)),
    ("operations-metrics", Status(200)),
    ("operations-subscription-create", Status(201)),
    ("operations-subscription-list", Status(200)),
    ("operations-subscription-delete", Status(404)),
    ("operations-delivery-list", Status(200)),
    ("operations-delivery-replay", Status(404)),
    ("operations-delivery-send", Back(0)),
    ("operations-docs", Status(200)),
    ("operations-fallback", Status(404)),
];

/// What stands in the samples, and what this stack has in its place.
type Real = Vec<(&'static str, String)>;

/// A function's own answer to its sample event.
async fn answer(stack: &Stack, function: &str, real: &Real) -> Value {
    let text = fs::read_to_string(root().join(format!("events/{function}.json"))).unwrap();
    let text = real
        .iter()
        .fold(text, |text, (sample, real)| text.replace(sample, real));
    assert!(!text.contains("<key>") && !text.contains("<token>") && !text.contains("<api key>"));
    let event = serde_json::from_str(&text).unwrap();
    stack.lambda(Method::POST, function, "invocations", &event).await
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap_or_else(|_| panic!("{answer}"))
}

/// Makes what the samples name. What is replaced first is gone when the next is looked for.
async fn furnished(stack: &Stack) -> Real {
    let dealer = ["case.write", "case.read", "message.read", "document.write"];
    let (channel, managed) = (stack.channel(&dealer, &[808, 976]).await, stack.channel(&[], &[]).await);
    let case = stack.case(&channel.key, 808).await;
    let admin = stack.token("samples", "john.doe@example.com", &["admin"]);
    let mut real: Real = vec![
        ("<token>", admin.clone()),
        ("<api key>", channel.key.clone()),
        ("vwfs-dk-example-public.<key>", channel.key),
        (
            "vwfs-dk-message-example.<key>",
            stack.sample_key("vwfs-dk-message-example"),
        ),
        ("vwfs-dk-integrationportal-admin-example.<key>", stack.sample_key(ADMIN)),
        ("vwfs-dk-example-public", managed.name),
        ("vwfs-dk-example-new", format!("test-{}", uuid::Uuid::new_v4())),
        ("/bqs-case/case/1", format!("/bqs-case/case/{case}")),
        ("/bqs-case/document/1", format!("/bqs-case/document/{case}")),
        ("\"sequence\": \"1\"", format!("\"sequence\": \"{case}\"")),
        ("https://hooks.example.com/trunkline", "http://127.0.0.1:9/hook".into()),
    ];
    assert_eq!(stack.quote(&[]).await.status, 201);
    for path in ["/api/customers/john.doe@example.com", "/api/vehicles/12345"] {
        stack.until(path, &admin, |got| got.status == 200).await;
    }
    let id = |answer: &Value| body(answer)["data"]["id"].as_str().unwrap().to_owned();
    let product = id(&answer(stack, "mmob-product-create", &real).await);
    real.push(("prod_EfeUDJnTVdDigaqQ9rMaC", product.clone()));
    let price = id(&answer(stack, "mmob-price-create", &real).await);
    real.push(("price_Gh67Ij89Kl0", price.clone()));
    let user = "tus_samples01";
    real.push(("tus_Mn12Op34Qr5", user.into()));
    // Without what the product requires, so that it is not final.
    let demand = json!({"product": product, "price": price, "user": user});
    let placed = stack.control(Method::POST, "/mmob/orders", Some(demand)).await;
    let order = placed["orders"][0].as_str().unwrap().to_owned();
    let path = format!("/api/mmob/orders/{order}");
    real.push(("po_Ab12Cd34Ef5", order));
    answer(stack, "mmob-order-webhook", &real).await;
    let told = stack.until(&path, &admin, |got| got.text.contains("\"TOLD\"")).await;
    assert_eq!(told.json()["data"]["status"], "Need_more_info");
    real
}

#[test]
fn every_function_has_an_outcome() {
    let mut listed: Vec<String> = OUTCOMES.iter().map(|(function, _)| (*function).to_owned()).collect();
    let mut deployed: Vec<String> = functions().into_iter().map(|function| function.binary).collect();
    listed.sort();
    deployed.sort();
    assert_eq!(listed, deployed);
}

#[tokio::test]
async fn every_sample_event_is_answered_by_its_function() {
    let stack = Stack::begin().await;
    let real = furnished(&stack).await;
    for (function, outcome) in OUTCOMES {
        let answer = answer(&stack, function, &real).await;
        match outcome {
            // Whoever is told to wait a minute was let in.
            Status(200) if answer["statusCode"] == 429 => {}
            Status(wanted) => assert_eq!(answer["statusCode"], *wanted, "{function}: {answer}"),
            Back(wanted) => {
                let back = answer["batchItemFailures"].as_array().map(Vec::len);
                assert_eq!(back, Some(*wanted), "{function}: {answer}");
            }
            Done => assert_eq!(answer, json!(true), "{function}"),
        }
        if *function == "operations-subscription-create" {
            let path = format!(
                "/api/integration/subscriptions/{}",
                body(&answer)["id"].as_str().unwrap()
            );
            let admin = stack.text("/tokens/admin");
            let gone = stack.send(Method::DELETE, &path, &admin, None, &[]).await;
            assert_eq!(gone.status, 204, "{}", gone.text);
        }
    }
}

#[tokio::test]
async fn poison_ends_in_the_dead_letter_queue_with_its_reason() {
    let stack = Stack::begin().await;
    let queue = |name: &str| stack.description["queues"][name].as_str().unwrap().to_owned();
    let poison = format!("poison {}", uuid::Uuid::new_v4());
    let sender = stack.ports().sender;
    sender
        .send(&queue("quoteRetry"), poison.clone(), Duration::ZERO, None)
        .await
        .unwrap();
    for _ in 0..20 {
        let ask = json!({"QueueUrl": queue("quoteRetryDlq"), "WaitTimeSeconds": 1, "MessageAttributeNames": ["All"], "MaxNumberOfMessages": 10});
        let got = stack.service("sqs", "AmazonSQS.ReceiveMessage", ask).await;
        let found = got["Messages"]
            .as_array()
            .and_then(|all| all.iter().find(|message| message["Body"] == poison.as_str()).cloned());
        if let Some(message) = found {
            assert_eq!(message["MessageAttributes"]["reason"]["StringValue"], "malformed");
            return;
        }
    }
    panic!("the poison did not arrive");
}

#[tokio::test]
async fn nothing_personal_and_no_secret_is_logged() {
    let stack = Stack::begin().await;
    stack
        .script(
            json!([{"status": 500, "body": "John Doe <john.doe@example.com> SW1A 1AA"}, {"status": 400, "body": "{}"}]),
        )
        .await;
    assert_eq!(stack.quote(&[]).await.status, 422);
    // As far back as a run of all these tests may have begun.
    let lines = stack.logs(Clock::System.now().as_millisecond() - 600_000).await;
    let canaries = ["John", "john.doe", "SW1A", "1985-06-20", "test-lex-secret", "eyJ"];
    let canaries = canaries.map(|value| Canary::new(value, value));
    for line in &lines {
        assert_eq!(hits(&canaries, line), Vec::<String>::new());
    }
    assert!(!lines.is_empty(), "there is something to read");
}
