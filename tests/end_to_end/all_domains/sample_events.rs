//! The sample events of `events/`, answered by the deployed functions.

use std::fs;

use http::Method;
use serde_json::{Value, json};

use crate::channel::ADMIN;
use crate::lock::Domain::{Bqs, Funders, Mmob, Operations};
use crate::stack::Stack;
use crate::surface::EventOutcome::{Back, Done, Status};
use crate::surface::OUTCOMES;
use crate::template::root;

/// Values of the samples, and the stack's values in their place. They are replaced in this order.
type Replacements = Vec<(&'static str, String)>;

/// Sends a function its sample event with these values. Returns the function's own answer.
async fn answer(stack: &Stack, function: &str, replacements: &Replacements) -> Value {
    let text = fs::read_to_string(root().join(format!("events/{function}.json"))).unwrap();
    let text = replacements
        .iter()
        .fold(text, |text, (sample, value)| text.replace(sample, value));
    assert!(!text.contains("<key>") && !text.contains("<token>") && !text.contains("<api key>"));
    stack.invoke(function, &serde_json::from_str(&text).unwrap()).await
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap_or_else(|_| panic!("{answer}"))
}

/// An admin with the sample customer's address.
fn admin(stack: &Stack) -> String {
    stack.token("samples", "john.doe@example.com", &["admin"])
}

fn with_token(stack: &Stack) -> Replacements {
    vec![
        ("<token>", admin(stack)),
        ("https://hooks.example.com/trunkline", "http://127.0.0.1:9/hook".into()),
    ]
}

/// Sends the sample event of every function of a domain.
async fn check(stack: &Stack, domain: &str, replacements: &Replacements) {
    let of_domain = OUTCOMES
        .iter()
        .filter(|(function, _)| function.split('-').next() == Some(domain));
    for (function, outcome) in of_domain {
        let answer = answer(stack, function, replacements).await;
        match outcome {
            // The hub admitted the caller and asks it to wait a minute.
            Status(200) if answer["statusCode"] == 429 => {}
            Status(wanted) => assert_eq!(answer["statusCode"], *wanted, "{function}: {answer}"),
            Back(wanted) => {
                let back = answer["batchItemFailures"].as_array().map(Vec::len);
                assert_eq!(back, Some(*wanted), "{function}: {answer}");
            }
            Done => assert_eq!(answer, json!(true), "{function}"),
        }
        if *function == "operations-subscription-create" {
            let id = body(&answer)["data"]["id"].as_str().unwrap().to_owned();
            let path = format!("/api/integration/subscriptions/{id}");
            let admin = stack.text("/tokens/admin");
            let gone = stack.send(Method::DELETE, &path, &admin, None, &[]).await;
            assert_eq!(gone.status, 204, "{}", gone.text);
        }
    }
}

#[tokio::test]
async fn the_functions_of_funders_answer_their_sample_events() {
    let stack = Stack::shared(&[Funders]).await;
    assert_eq!(stack.quote(&[]).await.status, 201);
    for path in ["/api/customers/john.doe@example.com", "/api/vehicles/12345"] {
        stack.until(path, &admin(&stack), |got| got.status == 200).await;
    }
    check(&stack, "funders", &with_token(&stack)).await;
}

#[tokio::test]
async fn the_functions_of_bqs_answer_their_sample_events() {
    let stack = Stack::shared(&[Bqs]).await;
    let dealer = ["case.write", "case.read", "message.read", "document.write"];
    let (channel, managed) = (stack.channel(&dealer, &[808, 976]).await, stack.channel(&[], &[]).await);
    let case = stack.case(&channel.key, 808).await;
    let replacements = vec![
        ("<api key>", channel.key.clone()),
        ("vwfs-dk-example-public.<key>", channel.key),
        (
            "vwfs-dk-message-example.<key>",
            stack.sample_key("vwfs-dk-message-example"),
        ),
        ("vwfs-dk-integrationportal-admin-example.<key>", stack.sample_key(ADMIN)),
        // After the keys, which begin with the channel's name.
        ("vwfs-dk-example-public", managed.name),
        ("vwfs-dk-example-new", format!("test-{}", uuid::Uuid::new_v4())),
        ("/bqs-case/case/1", format!("/bqs-case/case/{case}")),
        ("/bqs-case/document/1", format!("/bqs-case/document/{case}")),
        ("\"sequence\": \"1\"", format!("\"sequence\": \"{case}\"")),
    ];
    check(&stack, "bqs", &replacements).await;
}

#[tokio::test]
async fn the_functions_of_mmob_answer_their_sample_events() {
    let stack = Stack::shared(&[Mmob]).await;
    let mut replacements = with_token(&stack);
    let id = |answer: &Value| body(answer)["data"]["id"].as_str().unwrap().to_owned();
    let product = id(&answer(&stack, "mmob-product-create", &replacements).await);
    replacements.push(("prod_EfeUDJnTVdDigaqQ9rMaC", product.clone()));
    let price = id(&answer(&stack, "mmob-price-create", &replacements).await);
    replacements.push(("price_Gh67Ij89Kl0", price.clone()));
    let user = "tus_samples01";
    replacements.push(("tus_Mn12Op34Qr5", user.into()));
    // Without the product's required inputs, so that the order does not become final.
    let demand = json!({"product": product, "price": price, "user": user});
    let placed = stack.control(Method::POST, "/mmob/orders", Some(demand)).await;
    let order = placed["orders"][0].as_str().unwrap().to_owned();
    let path = format!("/api/mmob/orders/{order}");
    replacements.push(("po_Ab12Cd34Ef5", order));
    answer(&stack, "mmob-order-webhook", &replacements).await;
    let reported = stack
        .until(&path, &admin(&stack), |got| got.text.contains("\"TOLD\""))
        .await;
    assert_eq!(reported.json()["data"]["status"], "Need_more_info");
    check(&stack, "mmob", &replacements).await;
}

#[tokio::test]
async fn the_functions_of_operations_answer_their_sample_events() {
    let stack = Stack::shared(&[Operations]).await;
    check(&stack, "operations", &with_token(&stack)).await;
}
