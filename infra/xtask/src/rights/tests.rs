use std::slice::from_ref;

use super::*;

fn output(stack: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [stack, format!("Outputs.{name}")] })
}

fn secret(name: &str) -> Value {
    json!({ "Type": "AWS::SecretsManager::Secret", "Properties": { "Name": { "Fn::Sub": format!("trunkline/${{Stage}}/{name}") } } })
}

/// A nested stack with queues, a table, and secrets of both uses and of LIVE.
fn stack() -> Value {
    let arn = |id: &str| json!({ "Value": { "Fn::GetAtt": [id, "Arn"] } });
    let live = json!({ "Fn::If": ["LiveIsOpen", { "Fn::GetAtt": ["Live", "Id"] }, { "Ref": "AWS::NoValue" }] });
    json!({
        "Conditions": { "LiveIsOpen": { "Fn::Equals": [{ "Ref": "AllowLive" }, "true"] } },
        "Resources": {
            "Queue": { "Type": "AWS::SQS::Queue" }, "Dead": { "Type": "AWS::SQS::Queue" },
            "Channels": { "Type": "AWS::DynamoDB::Table" },
            "DataKey": { "Type": "AWS::KMS::Key" },
            "Bucket": { "Type": "AWS::S3::Bucket", "Properties": { "BucketEncryption": { "ServerSideEncryptionConfiguration": [
                { "ServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": { "Ref": "DataKey" } } },
            ] } } },
            "Key": secret("lex"), "Live": secret("lex/live"), "Hook": secret("lex/webhook"),
        },
        "Outputs": {
            "QueueArn": arn("Queue"), "DeadArn": arn("Dead"), "ChannelsArn": arn("Channels"), "KeyArn": arn("Key"),
            "HookArn": arn("Hook"), "OpenLiveArn": arn("Live"), "BucketArn": arn("Bucket"), "DataKeyArn": arn("DataKey"),
            "Secrets": { "Value": { "Fn::Join": [",", [{ "Fn::GetAtt": ["Key", "Id"] }, live]] } },
        },
    })
}

fn all_secrets() -> Value {
    json!({ "Fn::Split": [",", output("S", "Secrets")] })
}

fn allow(actions: &[&str], resource: &Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

/// The problems of one function with these statements, whose mapping is on `Queue` if it polls.
fn problems_of(function: &str, polls: bool, statements: &[Value]) -> Vec<String> {
    deployment(function, polls, statements).problems()
}

fn deployment(function: &str, polls: bool, statements: &[Value]) -> Deployment {
    let mut resources = json!({
        "S": { "Type": "AWS::CloudFormation::Stack", "Properties": { "Parameters": {
            "AllowLive": { "Ref": "AllowLive" }, "DataKey": output("S", "DataKeyArn"),
        } } },
        "R": { "Type": "AWS::IAM::Role", "Properties": {
            "ManagedPolicyArns": [format!("arn:aws:iam::aws:{LOGGING}")],
            "Policies": [{ "PolicyDocument": { "Statement": statements } }],
        } },
        function: { "Type": "AWS::Lambda::Function", "Properties": { "Role": { "Fn::GetAtt": ["R", "Arn"] } } },
    });
    if polls {
        resources["Mapping"] = json!({ "Type": "AWS::Lambda::EventSourceMapping", "Properties": {
            "FunctionName": { "Ref": function }, "EventSourceArn": output("S", "QueueArn"),
        } });
    }
    Deployment {
        resources,
        nested: [("S".to_owned(), stack())].into(),
        webhooks: ["Webhook".to_owned()].into(),
    }
}

fn polling() -> Value {
    allow(&POLLING, &output("S", "QueueArn"))
}

#[test]
fn a_worker_receives_from_its_own_queue_and_sends_to_others() {
    let send = allow(&["sqs:SendMessage"], &output("S", "DeadArn"));
    assert!(problems_of("Worker", true, &[polling(), send.clone()]).is_empty());
    assert!(problems_of("Sender", false, &[send]).is_empty());
    let both = json!([output("S", "QueueArn"), output("S", "DeadArn")]);
    for (polls, statements, expected) in [
        (true, vec![], 3),
        (true, vec![allow(&POLLING[..2], &output("S", "QueueArn"))], 1),
        (true, vec![polling(), allow(&POLLING[1..2], &output("S", "DeadArn"))], 1),
        (true, vec![polling(), allow(&["sqs:SendMessage"], &both)], 1),
        (true, vec![allow(&POLLING, &both)], 6),
        (false, vec![polling()], 3),
    ] {
        let found = problems_of("Worker", polls, &statements);
        assert_eq!(found.len(), expected, "{statements:?}: {found:?}");
    }
}

#[test]
fn sams_rights_over_every_queue_and_policies_elsewhere_are_refused() {
    let mut wide = deployment("Worker", true, &[polling()]);
    let sqs = json!("arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole");
    wide.resources["R"]["Properties"]["ManagedPolicyArns"]
        .as_array_mut()
        .unwrap()
        .push(sqs);
    assert_eq!(wide.problems().len(), 1, "{:?}", wide.problems());
    for (stack, kind) in [
        (false, "AWS::IAM::ManagedPolicy"),
        (false, "AWS::IAM::Policy"),
        (true, "AWS::IAM::Role"),
    ] {
        let mut other = deployment("Worker", true, &[polling()]);
        let resources = if stack {
            &mut other.nested.get_mut("S").unwrap()["Resources"]
        } else {
            &mut other.resources
        };
        resources["Other"] = json!({ "Type": kind });
        assert_eq!(other.problems().len(), 1, "{kind}: {:?}", other.problems());
    }
    let mut shared = deployment("Worker", false, &[]);
    shared.resources["Second"] = shared.resources["Worker"].clone();
    assert_eq!(shared.problems(), ["R: it is not the role of one function"]);
}

#[test]
fn a_statement_names_its_actions_and_resources_of_the_stacks() {
    let table = output("S", "ChannelsArn");
    let path = json!({ "Fn::Sub": "${S.Outputs.ChannelsArn}/index/*" });
    assert!(problems_of("F", false, &[allow(&["dynamodb:Query"], &json!([table, path]))]).is_empty());
    let arn = "arn:aws:dynamodb:eu-west-2:1:table/x";
    for resource in [
        json!("*"),
        json!(arn),
        json!({ "Fn::Sub": "${S.Outputs.ChannelsArn}*" }),
        json!({ "Fn::Sub": "arn:aws:sqs:${AWS::Region}:*" }),
        output("S", "Absent"),
        output("T", "ChannelsArn"),
        json!([table, "*"]),
        json!([]),
    ] {
        let found = problems_of("F", false, &[allow(&["dynamodb:GetItem"], &resource)]);
        assert_eq!(found.len(), 1, "{resource}: {found:?}");
    }
    for statement in [
        allow(&["dynamodb:*"], &table),
        allow(&["*"], &table),
        allow(&[], &table),
        json!({ "Effect": "Allow", "NotAction": "dynamodb:GetItem", "Resource": table }),
        json!({ "Effect": "Allow", "Action": "dynamodb:GetItem", "NotResource": table }),
        json!({ "Fn::If": ["X", {}, {}] }),
    ] {
        assert_eq!(problems_of("F", false, from_ref(&statement)).len(), 1, "{statement}");
    }
}

#[test]
fn a_webhook_reads_what_verifies_and_others_read_what_calls() {
    let read = |resource: &Value| allow(&["secretsmanager:GetSecretValue"], resource);
    let (hook, key) = (output("S", "HookArn"), all_secrets());
    assert!(problems_of("Webhook", false, &[read(&hook)]).is_empty());
    assert!(problems_of("Quote", false, &[read(&key)]).is_empty());
    assert_eq!(problems_of("Webhook", false, &[read(&key)]).len(), 2, "also LIVE's");
    assert_eq!(
        problems_of("Webhook", false, &[read(&hook), read(&output("S", "KeyArn"))]).len(),
        1
    );
    assert_eq!(problems_of("Quote", false, &[read(&json!([key, hook]))]).len(), 1);
}

#[test]
fn secrets_of_an_environment_are_reached_where_it_is_open() {
    let read = |resource: &Value| allow(&["secretsmanager:GetSecretValue"], resource);
    assert_eq!(
        problems_of("Quote", false, &[read(&output("S", "OpenLiveArn"))]).len(),
        1
    );
    for (pointer, value) in [
        (
            "/Conditions/LiveIsOpen",
            json!({ "Fn::Equals": [{ "Ref": "AllowLive" }, "false"] }),
        ),
        (
            "/Outputs/Secrets/Value/Fn::Join/1/1/Fn::If/2",
            json!({ "Fn::GetAtt": ["Live", "Id"] }),
        ),
    ] {
        let mut changed = deployment("Quote", false, &[read(&all_secrets())]);
        *changed.nested.get_mut("S").unwrap().pointer_mut(pointer).unwrap() = value;
        assert_eq!(changed.problems().len(), 1, "{pointer}");
    }
    let mut other = deployment("Quote", false, &[read(&all_secrets())]);
    other.resources["S"]["Properties"]["Parameters"]["AllowLive"] = json!("true");
    assert_eq!(other.problems().len(), 1);
}

#[test]
fn channels_are_written_by_their_management_and_read_by_all() {
    let mut renamed = deployment("BqsCaseGet", false, &[]);
    renamed.nested.get_mut("S").unwrap()["Resources"]
        .as_object_mut()
        .unwrap()
        .remove("Channels");
    assert_eq!(renamed.problems(), ["no nested stack has the table Channels"]);
    let channels = output("S", "ChannelsArn");
    let read = allow(&["dynamodb:GetItem", "dynamodb:ConditionCheckItem"], &channels);
    assert!(problems_of("BqsCaseCreate", false, from_ref(&read)).is_empty());
    for action in ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"] {
        let write = allow(&["dynamodb:GetItem", action], &channels);
        assert!(problems_of("BqsManagementRotate", false, from_ref(&write)).is_empty());
        assert_eq!(
            problems_of("BqsCaseCreate", false, &[read.clone(), write]).len(),
            1,
            "{action}"
        );
    }
}

#[test]
fn a_bucket_is_used_with_its_key_and_the_key_through_s3_alone() {
    let objects = json!({ "Fn::Sub": "${S.Outputs.BucketArn}/proposals/*" });
    let on_objects = |action: &str| allow(&[action], &objects);
    let use_key = |action: &str| {
        let mut statement = allow(&[action], &output("S", "DataKeyArn"));
        let service = json!({ "Fn::Sub": "s3.${AWS::Region}.amazonaws.com" });
        statement["Condition"] = json!({ "StringEquals": { "kms:ViaService": service } });
        statement
    };
    let both = [on_objects("s3:GetObject"), use_key("kms:Decrypt")];
    assert!(problems_of("Reader", false, &both).is_empty());
    let both = [use_key("kms:GenerateDataKey"), on_objects("s3:PutObject")];
    assert!(problems_of("Writer", false, &both).is_empty());
    let mut direct = use_key("kms:Decrypt");
    direct.as_object_mut().unwrap().remove("Condition");
    for (statements, expected) in [
        (vec![on_objects("s3:GetObject")], 1),
        (vec![use_key("kms:Decrypt")], 1),
        (vec![on_objects("s3:GetObject"), direct], 1),
        (vec![on_objects("s3:GetObject"), use_key("kms:GenerateDataKey")], 2),
        (vec![on_objects("s3:PutObject"), use_key("kms:Decrypt")], 2),
        (
            vec![
                on_objects("s3:GetObject"),
                use_key("kms:Decrypt"),
                use_key("kms:CreateGrant"),
            ],
            1,
        ),
    ] {
        let found = problems_of("F", false, &statements);
        assert_eq!(found.len(), expected, "{statements:?}: {found:?}");
    }
    let mut plain = deployment("Reader", false, &[on_objects("s3:GetObject")]);
    plain.nested.get_mut("S").unwrap()["Resources"]["Bucket"]["Properties"] = json!({});
    assert_eq!(plain.problems().len(), 1, "{:?}", plain.problems());
}

#[test]
fn only_functions_that_erase_scan_and_delete() {
    for action in [
        "dynamodb:Scan",
        "dynamodb:DeleteItem",
        "s3:DeleteObjectVersion",
        "s3:ListBucketVersions",
    ] {
        let statement = [allow(&[action], &output("S", "KeyArn"))];
        assert_eq!(problems_of("Reader", false, &statement).len(), 1, "{action}");
        assert!(problems_of("FundersErase", false, &statement).is_empty(), "{action}");
    }
}
