//! The emulator refuses what AWS refuses, where the template once relied on the difference.

use std::time::Duration;

use serde_json::{Value, json};

use crate::lock::Domain::Operations;
use crate::stack::Stack;

/// Creates a stack of these resources, deletes it again, and returns its last status.
async fn created(stack: &Stack, resources: &Value) -> String {
    let name = &format!("emulator-{}", uuid::Uuid::new_v4());
    let template = json!({ "Resources": resources }).to_string();
    call(
        stack,
        &[
            ("Action", "CreateStack"),
            ("StackName", name),
            ("TemplateBody", &template),
        ],
    )
    .await;
    let status = loop {
        let description = call(stack, &[("Action", "DescribeStacks"), ("StackName", name)]).await;
        let (_, rest) = description.split_once("<StackStatus>").unwrap();
        let (status, _) = rest.split_once('<').unwrap();
        if !status.ends_with("_IN_PROGRESS") {
            break status.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    call(stack, &[("Action", "DeleteStack"), ("StackName", name)]).await;
    status
}

async fn call(stack: &Stack, parameters: &[(&str, &str)]) -> String {
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    let request = stack.http.post(stack.text("/emulatorUrl"));
    let request = request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(pairs.join("&"));
    stack.signed_text(request, "cloudformation").await
}

fn bad_policy() -> Value {
    json!({ "Type": "AWS::SQS::QueuePolicy", "DependsOn": "Secret", "Properties": {
        "Queues": [{ "Ref": "Queue" }],
        "PolicyDocument": { "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage", "Resource": ["one", "two"] }] },
    } })
}

#[tokio::test]
async fn a_failed_creation_leaves_a_secrets_name_free_and_a_deleted_stack_does_not() {
    let stack = Stack::shared(&[Operations]).await;
    let name = format!("emulator/{}", uuid::Uuid::new_v4());
    let good = json!({
        "Queue": { "Type": "AWS::SQS::Queue" },
        "Secret": { "Type": "AWS::SecretsManager::Secret", "DeletionPolicy": "RetainExceptOnCreate",
            "Properties": { "Name": name, "SecretString": "{}" } },
    });
    let mut bad = good.clone();
    bad["Policy"] = bad_policy();
    for (resources, status) in [
        (&bad, "ROLLBACK_COMPLETE"),
        // The name is free, and taken when this stack has been deleted.
        (&good, "CREATE_COMPLETE"),
        (&good, "ROLLBACK_COMPLETE"),
    ] {
        assert_eq!(created(&stack, resources).await, status);
    }
}

#[tokio::test]
async fn a_queue_policy_over_two_queues_is_refused() {
    let stack = Stack::shared(&[Operations]).await;
    let arn = |queue: &str| json!({ "Fn::GetAtt": [queue, "Arn"] });
    let resources = |resource: Value| {
        json!({
            "First": { "Type": "AWS::SQS::Queue" },
            "Second": { "Type": "AWS::SQS::Queue" },
            "Policy": { "Type": "AWS::SQS::QueuePolicy", "Properties": {
                "Queues": [{ "Ref": "First" }],
                "PolicyDocument": { "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
                    "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage",
                    "Resource": resource }] },
            } },
        })
    };
    let one = created(&stack, &resources(arn("First"))).await;
    assert_eq!(one, "CREATE_COMPLETE");
    let two = created(&stack, &resources(json!([arn("First"), arn("Second")]))).await;
    assert_eq!(two, "ROLLBACK_COMPLETE");
}
