use super::*;

fn problems(resource: &Value) -> Vec<String> {
    found("x.yaml", &json!({ "R": resource }))
}

fn arn(queue: &str) -> Value {
    json!({ "Fn::GetAtt": [queue, "Arn"] })
}

fn policy(queues: &[&str], statements: &[Value]) -> Value {
    let queues: Vec<Value> = queues.iter().map(|queue| json!({ "Ref": queue })).collect();
    let statements: Vec<Value> = statements
        .iter()
        .map(|resource| json!({ "Resource": resource }))
        .collect();
    json!({
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": { "Queues": queues, "PolicyDocument": { "Statement": statements } },
    })
}

#[test]
fn a_queue_policy_is_about_its_one_queue() {
    assert!(problems(&policy(&["A"], &[arn("A"), json!([arn("A")])])).is_empty());
    for (queues, statement) in [
        (&["A", "B"][..], json!([arn("A"), arn("B")])),
        (&["A", "B"], arn("A")),
        (&["A"], json!([arn("A"), arn("B")])),
        (&["A"], arn("B")),
        (&["A"], json!("*")),
        (&[], arn("A")),
    ] {
        let refused = policy(queues, &[statement]);
        assert!(!problems(&refused).is_empty(), "{refused}");
    }
}

fn kept(kind: &str, properties: &Value) -> Value {
    json!({
        "Type": kind, "DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain", "Properties": properties,
    })
}

fn good() -> [Value; 4] {
    let protected = json!({ "DeletionProtectionEnabled": { "Fn::If": ["OnAws", true, false] } });
    let versioned = json!({
        "VersioningConfiguration": { "Status": "Enabled" },
        "LifecycleConfiguration": { "Rules": [
            { "Status": "Enabled", "ExpirationInDays": 90 },
            { "Status": "Enabled", "NoncurrentVersionExpiration": { "NoncurrentDays": 1 } },
        ] },
    });
    [
        kept("AWS::DynamoDB::Table", &protected),
        kept("AWS::S3::Bucket", &versioned),
        kept("AWS::SecretsManager::Secret", &json!({})),
        kept("AWS::SNS::Topic", &json!({})),
    ]
}

#[test]
fn what_outlives_its_stack_does_not_outlive_a_failed_creation() {
    for resource in good() {
        assert!(problems(&resource).is_empty(), "{resource}");
        for (policy, value) in [("DeletionPolicy", "Retain"), ("UpdateReplacePolicy", "Delete")] {
            let mut changed = resource.clone();
            changed[policy] = value.into();
            assert_eq!(problems(&changed).len(), 1, "{changed}");
        }
    }
    let queue = json!({ "Type": "AWS::SQS::Queue", "DeletionPolicy": "Delete", "Properties": {} });
    assert!(problems(&queue).is_empty());
    for kind in RETAINED {
        let bare = json!({ "Type": kind, "Properties": {} });
        assert!(problems(&bare).len() >= 2, "{kind}");
    }
}

#[test]
fn a_table_is_protected_and_deleted_documents_end_after_a_day() {
    let [table, bucket, ..] = good();
    let rules = "/Properties/LifecycleConfiguration/Rules/1";
    for (resource, pointer, value) in [
        (&table, "/Properties/DeletionProtectionEnabled".to_owned(), json!(false)),
        (
            &bucket,
            "/Properties/VersioningConfiguration/Status".to_owned(),
            json!("Suspended"),
        ),
        (&bucket, format!("{rules}/Status"), json!("Disabled")),
        (
            &bucket,
            format!("{rules}/NoncurrentVersionExpiration/NoncurrentDays"),
            json!(90),
        ),
        (
            &bucket,
            rules.to_owned(),
            json!({
                "Status": "Enabled", "Prefix": "some/", "NoncurrentVersionExpiration": { "NoncurrentDays": 1 },
            }),
        ),
    ] {
        let mut changed = resource.clone();
        *changed.pointer_mut(&pointer).unwrap() = value;
        assert_eq!(problems(&changed).len(), 1, "{changed}");
    }
}
