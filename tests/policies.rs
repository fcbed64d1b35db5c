//! What the functions of `template.yaml` may do. `cargo xtask check` reads the rest in the translated template.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::template::{Function, functions, items, stack, string};

#[test]
fn no_policy_reaches_everything() {
    let mut found = 0;
    for function in functions() {
        let name = &function.binary;
        for statement in function.statements() {
            found += 1;
            for action in statement.actions {
                assert!(!action.contains('*') && action.contains(':'), "{action} of {name}");
            }
            for resource in statement.resources {
                assert!(
                    resource.is_object(),
                    "{name} reaches {resource}, which no stack defines"
                );
            }
        }
    }
    assert!(found > 100, "{found} statements");
}

/// The functions that authenticate a channel read its row. Only those that manage channels may list or write them.
#[test]
fn only_management_lists_and_writes_channels() {
    let [channels, cases] =
        ["ChannelsTableArn", "TableArn"].map(|output| json!({ "Fn::GetAtt": ["Bqs", format!("Outputs.{output}")] }));
    let reads = BTreeSet::from(["dynamodb:GetItem", "dynamodb:ConditionCheckItem"]);
    let mut managing = 0;
    for function in functions() {
        let (name, statements) = (&function.binary, function.statements());
        let actions = |resource: &Value| {
            let of_resource = statements.iter().filter(|each| each.resources.contains(resource));
            let actions = of_resource.flat_map(|each| &each.actions).map(String::as_str);
            actions.collect::<BTreeSet<&str>>()
        };
        assert_eq!(
            actions(&channels).contains("dynamodb:GetItem"),
            name.starts_with("bqs-") && name != "bqs-erase",
            "{name}"
        );
        if name.starts_with("bqs-management-") {
            assert!(actions(&cases).is_empty(), "{name} and cases");
            managing += 1;
        } else {
            assert!(actions(&channels).is_subset(&reads), "{name} and channels");
        }
    }
    assert_eq!(managing, 4);
}

/// A scan reads every person's rows, and what is deleted is gone. An infected document of a proposal stays for a day, as a version.
#[test]
fn only_erasures_scan_and_delete() {
    let mut erasing = 0;
    for function in functions() {
        let is_erasure = function.binary.ends_with("-erase");
        erasing += u32::from(is_erasure);
        for action in [
            "dynamodb:Scan",
            "dynamodb:DeleteItem",
            "s3:DeleteObjectVersion",
            "s3:ListBucketVersions",
        ] {
            assert!(is_erasure || !function.may(action), "{action} of {}", function.binary);
        }
        for action in [
            "dynamodb:UpdateItem",
            "s3:GetObject",
            "s3:PutObject",
            "secretsmanager:",
            "sqs:",
            "events:",
        ] {
            assert!(!is_erasure || !function.may(action), "{action} of {}", function.binary);
        }
    }
    assert_eq!(erasing, 3);
    let deleting = functions()
        .into_iter()
        .filter(|function| function.may("s3:DeleteObject"));
    let deleting: BTreeSet<_> = deleting.map(|function| function.binary).collect();
    assert_eq!(
        deleting,
        ["bqs-erase", "funders-erase", "funders-proposal-submit"]
            .map(str::to_owned)
            .into()
    );
}

/// Functions that list subscriptions or products, replay deliveries or show orders read rows with sealed secrets.
#[test]
fn only_functions_that_make_or_use_signing_secrets_read_their_keys() {
    for (stack, expected) in [
        ("Events", ["operations-subscription-create", "operations-delivery-send"]),
        ("Mmob", ["mmob-order-process", "mmob-product-create"]),
    ] {
        let keys = json!({ "Fn::GetAtt": [stack, "Outputs.SealingKeysArn"] });
        let functions = functions();
        let reads = |function: &&Function| {
            let mut statements = function.statements().into_iter();
            statements.any(|statement| statement.resources.contains(&keys))
        };
        let granted = functions.iter().filter(reads);
        let granted: Vec<&str> = granted.map(|function| function.binary.as_str()).collect();
        assert_eq!(granted, expected, "{stack}");
        let set = functions
            .iter()
            .filter(|function| function.variables.get("SEALING_KEYS") == Some(&keys));
        let set: Vec<&str> = set.map(|function| function.binary.as_str()).collect();
        assert_eq!(set, expected, "{stack}");
    }
}

/// The internet reaches it, and what it writes is believed later.
#[test]
fn a_webhook_writes_rows_of_one_kind_only() {
    let webhooks: Vec<Function> = functions()
        .into_iter()
        .filter(|function| function.routes.iter().any(|(_, path)| path.starts_with("/webhooks/")))
        .collect();
    assert!(webhooks.len() >= 2);
    for function in webhooks {
        for statement in function.statements() {
            let actions = statement.actions.iter();
            let mut of_tables = actions.filter(|action| action.starts_with("dynamodb:")).peekable();
            if of_tables.peek().is_none() {
                continue;
            }
            assert!(
                of_tables.all(|action| action == "dynamodb:PutItem"),
                "{}",
                function.binary
            );
            let kind = string(&statement.condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
            let name = kind.strip_suffix("#*").unwrap();
            assert!(
                name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-'),
                "{kind}"
            );
        }
    }
}

#[test]
fn every_function_that_calls_a_partner_can_count_its_calls() {
    let log = json!({ "Fn::GetAtt": ["Common", "Outputs.IntegrationLogTableArn"] });
    let mut found = 0;
    for function in functions() {
        let (name, statements) = (&function.binary, function.statements());
        let may = |action: &str, resource: &Value| {
            let of_resource = statements
                .iter()
                .filter(|statement| statement.resources.contains(resource));
            of_resource
                .flat_map(|statement| &statement.actions)
                .any(|each| each == action)
        };
        if may("dynamodb:BatchWriteItem", &log) {
            found += 1;
            let domain = ["Funders", "Bqs", "Mmob"]
                .into_iter()
                .find(|domain| function.logical_id.starts_with(domain));
            let table = json!({ "Fn::GetAtt": [domain.unwrap(), "Outputs.TableArn"] });
            assert!(may("dynamodb:UpdateItem", &table), "{name}");
        }
    }
    assert!(found > 8);
}

#[test]
fn every_function_with_a_quota_can_count_its_requests_and_no_other_can() {
    let table = json!({ "Fn::GetAtt": ["Common", "Outputs.IdempotencyTableArn"] });
    for declared in crate::declared::functions() {
        let function = functions()
            .into_iter()
            .find(|each| each.binary == declared.name)
            .unwrap();
        let statements = function.statements();
        let of_table = statements.iter().filter(|each| each.resources.contains(&table));
        let counts = of_table
            .flat_map(|each| &each.actions)
            .any(|action| action == "dynamodb:UpdateItem");
        let has_quota = declared.http.is_some_and(|http| http.calls_partner);
        assert_eq!(counts, has_quota, "{}", declared.name);
        assert!(
            !has_quota || function.variables.contains_key("IDEMPOTENCY_TABLE"),
            "{}",
            declared.name
        );
    }
}

#[test]
fn every_environment_of_a_funder_has_its_secrets_and_a_function_reads_those_for_calls_or_those_of_webhooks() {
    let funders = stack("funders.yaml");
    let names = model::partner::FUNDERS.iter().flat_map(|funder| {
        let environments = ["LIVE", "SANDBOX"].map(|environment| format!("{funder}/{environment}").to_lowercase());
        environments
            .into_iter()
            .flat_map(|name| [format!("{name}/webhook"), name])
    });
    let mut known: Vec<String> = names.map(|name| format!("trunkline/${{Stage}}/{name}")).collect();
    known.sort();
    let (mut kept, mut arns) = (Vec::new(), [Vec::new(), Vec::new()]);
    for (id, secret) in funders.resources("AWS::SecretsManager::Secret") {
        let name = string(&secret["Properties"]["Name"]["Fn::Sub"]);
        let arn = json!({ "Fn::GetAtt": [id, "Id"] });
        let condition = if name.contains("/live") {
            "LiveIsOpen"
        } else {
            "SandboxIsOpen"
        };
        let open = json!({ "Fn::If": [condition, arn, { "Ref": "AWS::NoValue" }] });
        arns[usize::from(name.ends_with("/webhook"))].push(open);
        kept.push(name);
    }
    kept.sort_unstable();
    assert_eq!(kept, known);
    let outputs = ["Secrets", "WebhookSecrets"];
    for (output, mut arns) in outputs.iter().zip(arns) {
        let joined = &funders.section("Outputs")[output]["Value"]["Fn::Join"];
        let mut listed: Vec<Value> = items(&joined[1]).cloned().collect();
        arns.sort_by_key(Value::to_string);
        listed.sort_by_key(Value::to_string);
        assert_eq!((&joined[0], listed), (&json!(","), arns), "{output}");
    }
    let mut found = 0;
    for function in functions() {
        let (name, statements) = (&function.binary, function.statements());
        let secrets = statements
            .iter()
            .filter(|each| each.actions.iter().any(|action| action.starts_with("secretsmanager:")));
        let secrets: Vec<&Value> = secrets.flat_map(|each| &each.resources).collect();
        if secrets.iter().any(|secret| secret.to_string().contains("\"Funders\"")) {
            found += 1;
            let is_webhook = function.routes.iter().any(|(_, path)| path.starts_with("/webhooks/"));
            let output = format!("Outputs.{}", outputs[usize::from(is_webhook)]);
            let all = json!({ "Fn::Split": [",", { "Fn::GetAtt": ["Funders", output] }] });
            assert_eq!(secrets, [&all], "{name}");
            assert!(function.variables.contains_key("FUNDERS"), "{name}");
        }
    }
    assert!(found > 1);
}
