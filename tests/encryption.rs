//! How everything that holds data is encrypted.

use serde_json::{Value, json};

use crate::stacks::stacks;
use crate::template::{functions, template};

/// The one key of a stage, where its own stack names it.
fn key() -> Value {
    json!({ "Fn::GetAtt": ["DataKey", "Arn"] })
}

#[test]
fn documents_are_encrypted_with_the_key_of_the_stage() {
    let mut found = 0;
    for stack in stacks() {
        for (id, bucket) in stack.template.resources("AWS::S3::Bucket") {
            let by_default = json!([{
                "ServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": { "Ref": "DataKey" } },
                "BucketKeyEnabled": true,
            }]);
            let encryption = &bucket["Properties"]["BucketEncryption"];
            assert_eq!(
                encryption["ServerSideEncryptionConfiguration"], by_default,
                "{id} of {}",
                stack.id
            );
            let given = &template().section("Resources")[&stack.id]["Properties"]["Parameters"]["DataKey"];
            assert_eq!(
                given,
                &json!({ "Fn::GetAtt": ["Common", "Outputs.DataKeyArn"] }),
                "{}",
                stack.id
            );
            found += 1;
        }
    }
    assert_eq!(found, 2, "proposals and cases");
}

/// The redaction key stands in them.
#[test]
fn variables_of_functions_are_encrypted_with_the_key_of_the_stage() {
    let globals = &template().section("Globals")["Function"];
    assert!(globals["Environment"]["Variables"].get("REDACTION_KEY").is_some());
    assert_eq!(
        globals["KmsKeyArn"],
        json!({ "Fn::GetAtt": ["Common", "Outputs.DataKeyArn"] })
    );
    for function in functions() {
        assert!(function.properties["KmsKeyArn"].is_null(), "{}", function.binary);
    }
}

#[test]
fn tables_queues_and_topics_are_encrypted() {
    let mut found = 0;
    for stack in stacks() {
        for (kind, property, wanted) in [
            (
                "AWS::DynamoDB::Table",
                "SSESpecification",
                json!({ "SSEEnabled": true }),
            ),
            ("AWS::SQS::Queue", "SqsManagedSseEnabled", json!(true)),
            ("AWS::SNS::Topic", "KmsMasterKeyId", key()),
        ] {
            for (id, resource) in stack.template.resources(kind) {
                assert_eq!(resource["Properties"][property], wanted, "{id} of {}", stack.id);
                found += 1;
            }
        }
    }
    assert!(found > 20, "{found}");
}

/// CloudWatch cannot publish to a topic whose key does not admit it, and raises no alarm about that.
#[test]
fn alarms_may_use_the_key_of_their_topic_and_so_may_no_other_account() {
    let stacks = stacks();
    let keys: Vec<_> = stacks
        .iter()
        .flat_map(|stack| stack.template.resources("AWS::KMS::Key"))
        .collect();
    let [("DataKey", resource)] = keys[..] else {
        panic!("{keys:?}");
    };
    let properties = &resource["Properties"];
    assert_eq!(properties["EnableKeyRotation"], true);
    let account = json!({ "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" });
    let policy = json!([
        { "Effect": "Allow", "Principal": { "AWS": account }, "Action": "kms:*", "Resource": "*" },
        {
            "Effect": "Allow",
            "Principal": { "Service": "cloudwatch.amazonaws.com" },
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": { "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } },
        },
    ]);
    assert_eq!(properties["KeyPolicy"]["Statement"], policy);
}
