//! Orders at the marketplace: posted to the hub, fulfilled and reported to MMOB.

use http::Method;
use serde_json::{Value, json};

use super::market::{ORDERS, Offer, TOKEN, offer, place, resolve, shown, webhook};
use crate::lock::Domain::Mmob;
use crate::stack::Stack;

/// Makes MMOB post an order again. Returns the statuses of the hub's answers.
async fn post_again(stack: &Stack, id: &str, mut more: Value) -> Vec<u64> {
    if more["url"].is_null() {
        more["url"] = webhook(stack).into();
    }
    let path = format!("/mmob/orders/{id}/webhook");
    let sent = stack.control(Method::POST, &path, Some(more)).await;
    let deliveries = sent["deliveries"].as_array().unwrap().iter();
    deliveries
        .map(|one| one["status"].as_u64().unwrap_or_else(|| panic!("{one}")))
        .collect()
}

/// What MMOB knows of an order, once it has this status.
async fn ended(stack: &Stack, id: &str, status: &str) -> Value {
    let path = format!("/mmob/orders/{id}");
    let report = stack.control_until(&path, |report| report["status"] == status).await;
    assert_eq!(report["conflicts"], 0, "{report}");
    report
}

/// Sets up a provider, and creates a product that it fulfils.
async fn provided(stack: &Stack, more: Value) -> (String, Offer) {
    let name = uuid::Uuid::new_v4().to_string();
    let url = format!("{}/_provider/{name}", stack.text("/sandboxUrl"));
    let offer = offer(stack, json!({"kind": "callback", "url": url})).await;
    let mut setup = json!({"secret": offer.secret.clone().unwrap()});
    setup.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("/providers/{name}");
    stack.control(Method::PUT, &path, Some(setup)).await;
    (path, offer)
}

#[tokio::test]
async fn an_automatic_order_is_done_over_the_route_and_over_the_function_url() {
    let stack = Stack::shared(&[Mmob]).await;
    let offer = offer(&stack, json!({"kind": "auto", "requiredInputs": ["last_name"]})).await;
    let function = format!("{}/webhooks/mmob/{TOKEN}", stack.function_url("mmobOrderWebhook"));
    for url in [webhook(&stack), function] {
        let id = place(&stack, &offer, json!({"url": url})).await;
        let report = ended(&stack, &id, "Succesful").await;
        assert_eq!(
            (&report["inTime"], &report["updates"]),
            (&json!(true), &json!(1)),
            "{report}"
        );
        assert_eq!(report["webhooks"][0]["body"], "{}", "{report}");
        let order = shown(&stack, &id, |order| order["step"] == "TOLD").await;
        assert_eq!(
            (&order["status"], &order["late"]),
            (&json!("Succesful"), &json!(false)),
            "{order}"
        );
    }
}

#[tokio::test]
async fn an_order_without_a_required_input_continues_when_it_arrives() {
    let stack = Stack::shared(&[Mmob]).await;
    let offer = offer(
        &stack,
        json!({"kind": "auto", "requiredInputs": ["last_name", "sort_code", "account"]}),
    )
    .await;
    let id = place(&stack, &offer, json!({"url": webhook(&stack)})).await;
    ended(&stack, &id, "Need_more_info").await;
    let order = shown(&stack, &id, |order| order["step"] == "TOLD").await;
    assert_eq!(
        order["decision"]["requiredFields"],
        json!(["sort_code", "account"]),
        "{order}"
    );
    let input = json!({"last_name": "Nichols", "sort_code": "11-22-33", "account": "123456789"});
    assert_eq!(post_again(&stack, &id, json!({"input": input})).await, [200]);
    let report = ended(&stack, &id, "Succesful").await;
    assert_eq!(report["updates"], 2, "{report}");
    assert_eq!(shown(&stack, &id, |order| order["step"] == "TOLD").await["round"], 2);
}

#[tokio::test]
async fn a_provider_decides_once_although_it_is_called_again() {
    let stack = Stack::shared(&[Mmob]).await;
    let failed = json!({"status": "Failed", "output": {"error": "PBX Over capacity"}});
    let script = json!([{"status": 503}, {"served": true, "reset": true}]);
    let (provider, offer) = provided(&stack, json!({"decision": failed, "script": script})).await;
    let id = place(&stack, &offer, json!({"url": webhook(&stack)})).await;
    ended(&stack, &id, "Failed").await;
    let calls = stack.control(Method::GET, &provider, None).await;
    assert_eq!(
        (&calls["effects"], &calls["refused"]),
        (&json!({id.as_str(): 1}), &json!(0)),
        "{calls}"
    );
    assert!(calls["deliveries"][&id].as_u64().unwrap() >= 2, "{calls}");
    let event = &calls["received"][0]["body"];
    assert_eq!(
        (&event["data"]["order"]["id"], &event["data"]["pricing"]["amount"]),
        (&json!(id), &json!(3999))
    );
    let text = event.to_string();
    for unneeded in ["1980-01-01", "QQ123456C", "000000000"] {
        assert!(!text.contains(unneeded), "a provider does not need {unneeded}");
    }
    let order = shown(&stack, &id, |order| order["step"] == "TOLD").await;
    assert_eq!(order["decision"], failed, "{order}");
}

#[tokio::test]
async fn an_operator_decides_a_manual_order_and_a_final_order_stays() {
    let stack = Stack::shared(&[Mmob]).await;
    let offer = offer(&stack, json!({"kind": "manual"})).await;
    let id = place(&stack, &offer, json!({"url": webhook(&stack)})).await;
    let order = shown(&stack, &id, |order| order["manual"] == "by-hand").await;
    assert_eq!(order["status"], "Pending");
    let staff = stack.text("/tokens/staff");
    let path = format!("{ORDERS}?manual=true&limit=100");
    stack.until(&path, &staff, |got| got.text.contains(&id)).await;
    for (body, status) in [
        (json!({"status": "Pending"}), 422),
        (json!({"status": "Failed"}), 422),
        (json!({"status": "Need_more_info"}), 422),
        (json!({"status": "Successful", "output": {"key": "Value"}}), 200),
        (json!({"status": "Failed", "error": "too late"}), 409),
    ] {
        let got = resolve(&stack, &id, body.clone()).await;
        assert_eq!(got.status, status, "{body}: {}", got.text);
    }
    let report = ended(&stack, &id, "Succesful").await;
    assert_eq!(report["updates"], 1, "{report}");
    assert_eq!(
        resolve(&stack, "po_0", json!({"status": "Succesful"})).await.status,
        404
    );
    let customer = stack.send(Method::GET, ORDERS, &stack.customer(), None, &[]).await;
    assert_eq!(customer.status, 403);
}

#[tokio::test]
async fn an_order_that_is_posted_again_acts_once_and_another_with_its_id_is_refused() {
    let stack = Stack::shared(&[Mmob]).await;
    let (provider, offer) = provided(&stack, json!({})).await;
    let id = place(&stack, &offer, json!({})).await;
    assert_eq!(post_again(&stack, &id, json!({"times": 3})).await, [200; 3]);
    let report = ended(&stack, &id, "Succesful").await;
    assert_eq!(report["updates"], 1, "{report}");
    for change in [
        json!({"prod_id": "prod_other"}),
        json!({"pricing_id": "price_other"}),
        json!({"tpp_user_id": "tus_other"}),
        json!({"input": {"last_name": "Other"}}),
    ] {
        assert_eq!(
            post_again(&stack, &id, json!({"change": change})).await,
            [409],
            "{change}"
        );
    }
    // Another status does not make it another order.
    assert_eq!(post_again(&stack, &id, json!({})).await, [200]);
    let calls = stack.control(Method::GET, &provider, None).await;
    assert_eq!(calls["effects"], json!({id.as_str(): 1}), "{calls}");
}

#[tokio::test]
async fn a_webhook_with_another_token_or_without_an_order_changes_nothing() {
    let stack = Stack::shared(&[Mmob]).await;
    let offer = offer(&stack, json!({"kind": "manual"})).await;
    let id = place(&stack, &offer, json!({})).await;
    let wrong = |token: &str| format!("{}/webhooks/mmob/{token}", stack.base_url());
    for token in [
        "wrong",
        "test-mmob-webhook-tokem",
        "test-mmob-webhook-token1",
        "TEST-MMOB-WEBHOOK-TOKEN",
    ] {
        assert_eq!(
            post_again(&stack, &id, json!({"url": wrong(token)})).await,
            [404],
            "{token}"
        );
    }
    let large = format!("{{\"id\":\"{}\"}}", "x".repeat(70_000));
    for (body, status) in [
        (json!("{not JSON"), 400),
        (json!([]), 400),
        (json!({"id": "po_1"}), 400),
        (
            json!({"id": "../po_1", "status": "Pending", "prod_id": "p", "pricing_id": "q", "tpp_user_id": "t"}),
            400,
        ),
        (json!(large), 413),
    ] {
        assert_eq!(post_again(&stack, &id, json!({"body": body})).await, [status], "{body}");
    }
    let staff = stack.text("/tokens/staff");
    assert_eq!(stack.get(&format!("{ORDERS}/{id}"), &staff).await.status, 404);
}

#[tokio::test]
async fn an_order_of_an_unknown_product_waits_for_an_operator() {
    let stack = Stack::shared(&[Mmob]).await;
    // MMOB has the product, and the hub has not.
    let made = offer(&stack, json!({"kind": "manual"})).await;
    let key = json!({"pk": {"S": format!("PRODUCT#{}", made.product)}, "sk": {"S": "PRODUCT"}});
    let gone = json!({"TableName": stack.table("mmob"), "Key": key});
    stack.service("dynamodb", "DynamoDB_20120810.DeleteItem", gone).await;
    let id = place(&stack, &made, json!({"url": webhook(&stack)})).await;
    let order = shown(&stack, &id, |order| order["manual"] == "unknown-product").await;
    assert_eq!(order["status"], "Pending", "{order}");
    assert_eq!(
        resolve(&stack, &id, json!({"status": "Failed", "error": "not ours"}))
            .await
            .status,
        200
    );
    ended(&stack, &id, "Failed").await;
}

#[tokio::test]
async fn the_outcome_is_reported_although_mmob_fails() {
    let stack = Stack::exclusive(&[Mmob]).await;
    let offer = offer(&stack, json!({"kind": "auto"})).await;
    for (operation, script) in [
        ("order", json!([{"status": 503}, {"delay": 900}, {"reset": true}])),
        (
            "order-update",
            json!([{"status": 500}, {"served": true, "reset": true}, {"served": true, "status": 502}]),
        ),
        (
            "user",
            json!([{"status": 429, "headers": {"retry-after": "1"}}, {"body": "<html></html>"}]),
        ),
    ] {
        stack.script(&format!("mmob/{operation}"), script).await;
        let id = place(&stack, &offer, json!({"url": webhook(&stack)})).await;
        let report = ended(&stack, &id, "Succesful").await;
        assert!(report["inTime"] == true, "{operation}: {report}");
        shown(&stack, &id, |order| order["step"] == "TOLD").await;
    }
}
