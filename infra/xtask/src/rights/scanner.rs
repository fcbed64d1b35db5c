//! The only rights that nested stacks give: GuardDuty's to scan the bucket that a stack's plan protects.

use serde_json::{Value, json};

use super::deployment::BUCKET_KEY;

const PLAN: &str = "AWS::GuardDuty::MalwareProtectionPlan";
const SERVICE: &str = "malware-protection-plan.guardduty.amazonaws.com";
/// The rule that GuardDuty makes for itself.
const RULE: &str = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*";

/// What is wrong with a resource of a nested stack that gives rights.
pub fn problems(id: &str, stack: &Value) -> Vec<String> {
    let resources = stack.get("Resources").and_then(Value::as_object);
    let role = resources.and_then(|all| all.get(id)).unwrap_or(&Value::Null);
    let arn = json!({ "Fn::GetAtt": [id, "Arn"] });
    let mut plans = resources.into_iter().flatten().filter(|(_, plan)| {
        plan.get("Type").and_then(Value::as_str) == Some(PLAN) && plan.pointer("/Properties/Role") == Some(&arn)
    });
    let Some((_, plan)) = plans.next() else {
        return vec!["a nested stack gives rights".to_owned()];
    };
    let bucket = plan.pointer("/Properties/ProtectedResource/S3Bucket/BucketName/Ref");
    let bucket = bucket.and_then(Value::as_str).unwrap_or_default();
    let key = resources.and_then(|all| all.get(bucket)?.pointer(BUCKET_KEY)?.as_str());
    let mut problems = Vec::new();
    let trusted = json!([{ "Effect": "Allow", "Principal": { "Service": SERVICE }, "Action": "sts:AssumeRole" }]);
    if role.pointer("/Properties/AssumeRolePolicyDocument/Statement") != Some(&trusted) {
        problems.push("principals other than GuardDuty may assume it".to_owned());
    }
    if role.pointer("/Properties/ManagedPolicyArns").is_some() {
        problems.push("it has a managed policy, which names no resource".to_owned());
    }
    let policies = role.pointer("/Properties/Policies").and_then(Value::as_array);
    for policy in policies.into_iter().flatten() {
        let statements = policy.pointer("/PolicyDocument/Statement").and_then(Value::as_array);
        let wide = statements
            .into_iter()
            .flatten()
            .filter(|statement| !is_narrow(statement, bucket, key));
        problems.extend(wide.map(|statement| format!("{statement} is about more than the bucket {bucket}")));
    }
    problems
}

/// Whether a statement allows named actions on the bucket, on its objects, on its key through S3, or on GuardDuty's rule.
fn is_narrow(statement: &Value, bucket: &str, key: Option<&str>) -> bool {
    let resource = statement.get("Resource").unwrap_or(&Value::Null);
    let objects = format!("${{{bucket}.Arn}}/");
    let text = resource.get("Fn::Sub").and_then(Value::as_str).unwrap_or_default();
    let via_s3 = json!({ "StringEquals": { "kms:ViaService": { "Fn::Sub": "s3.${AWS::Region}.amazonaws.com" } } });
    let is_key = key.is_some() && resource.get("Ref").and_then(Value::as_str) == key;
    let service = match text {
        _ if is_key && statement.get("Condition") == Some(&via_s3) => "kms:",
        RULE => "events:",
        _ if text.starts_with(&objects) || *resource == json!({ "Fn::GetAtt": [bucket, "Arn"] }) => "s3:",
        _ => return false,
    };
    let actions = statement.get("Action");
    let actions = match actions.and_then(Value::as_array) {
        Some(all) => all.iter().collect(),
        None => Vec::from_iter(actions),
    };
    let is_named = |action: &&Value| {
        let name = action.as_str().and_then(|action| action.strip_prefix(service));
        name.is_some_and(|name| !name.contains('*'))
    };
    statement.get("Effect") == Some(&json!("Allow")) && !actions.is_empty() && actions.iter().all(is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(statement: &Value) -> Value {
        json!({ "Resources": {
            "Documents": { "Type": "AWS::S3::Bucket", "Properties": { "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{ "ServerSideEncryptionByDefault": { "KMSMasterKeyID": { "Ref": "Key" } } }],
            } } },
            "Plan": { "Type": PLAN, "Properties": {
                "Role": { "Fn::GetAtt": ["Scanner", "Arn"] },
                "ProtectedResource": { "S3Bucket": { "BucketName": { "Ref": "Documents" } } },
            } },
            "Scanner": { "Type": "AWS::IAM::Role", "Properties": {
                "AssumeRolePolicyDocument": { "Statement": [
                    { "Effect": "Allow", "Principal": { "Service": SERVICE }, "Action": "sts:AssumeRole" },
                ] },
                "Policies": [{ "PolicyDocument": { "Statement": [statement] } }],
            } },
        } })
    }

    fn allow(action: &str, resource: &Value) -> Value {
        json!({ "Effect": "Allow", "Action": [action], "Resource": resource })
    }

    #[test]
    fn guardduty_may_read_and_tag_the_bucket_of_its_plan_and_nothing_else() {
        let (bucket, objects) = (
            json!({ "Fn::GetAtt": ["Documents", "Arn"] }),
            json!({ "Fn::Sub": "${Documents.Arn}/*" }),
        );
        let rule = json!({ "Fn::Sub": RULE });
        for (action, resource) in [
            ("s3:ListBucket", &bucket),
            ("s3:GetObject", &objects),
            ("events:PutRule", &rule),
        ] {
            let found = problems("Scanner", &stack(&allow(action, resource)));
            assert!(found.is_empty(), "{found:?}");
        }
        let mut decrypt = allow("kms:Decrypt", &json!({ "Ref": "Key" }));
        assert_eq!(problems("Scanner", &stack(&decrypt)).len(), 1, "not through S3 alone");
        decrypt["Condition"] =
            json!({ "StringEquals": { "kms:ViaService": { "Fn::Sub": "s3.${AWS::Region}.amazonaws.com" } } });
        assert!(problems("Scanner", &stack(&decrypt)).is_empty());
        decrypt["Resource"] = json!({ "Ref": "Other" });
        assert_eq!(problems("Scanner", &stack(&decrypt)).len(), 1, "another key");
        let other = json!({ "Fn::Sub": "${Other.Arn}/*" });
        for (action, resource) in [
            ("s3:GetObject", &json!("*")),
            ("s3:GetObject", &other),
            ("s3:*", &objects),
            ("s3:GetObject", &rule),
            ("events:PutRule", &objects),
            ("dynamodb:GetItem", &objects),
        ] {
            assert_eq!(
                problems("Scanner", &stack(&allow(action, resource))).len(),
                1,
                "{action} {resource}"
            );
        }
    }

    #[test]
    fn only_guardduty_assumes_a_role_of_a_plan_and_no_other_role_is_in_a_nested_stack() {
        let good = stack(&allow("s3:ListBucket", &json!({ "Fn::GetAtt": ["Documents", "Arn"] })));
        for (pointer, value) in [
            (
                "/Resources/Plan/Properties/Role",
                json!({ "Fn::GetAtt": ["Other", "Arn"] }),
            ),
            ("/Resources/Plan/Type", json!("AWS::S3::Bucket")),
            (
                "/Resources/Scanner/Properties/AssumeRolePolicyDocument/Statement/0/Principal",
                json!("*"),
            ),
            (
                "/Resources/Plan/Properties/ProtectedResource/S3Bucket/BucketName",
                json!({ "Ref": "Other" }),
            ),
        ] {
            let mut changed = good.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            assert_eq!(problems("Scanner", &changed).len(), 1, "{pointer}");
        }
        let mut managed = good;
        managed["Resources"]["Scanner"]["Properties"]["ManagedPolicyArns"] = json!(["arn:aws:iam::aws:policy/X"]);
        assert_eq!(problems("Scanner", &managed).len(), 1);
    }
}
