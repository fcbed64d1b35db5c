//! `template.yaml` as the tests read it, and what holds for every function in it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;

use sam_template::{FUNCTION, Template};
use serde_json::{Map, Value, json};

use crate::declared;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| Template::read(&root().join("template.yaml")).unwrap())
}

pub fn stack(file: &str) -> Template {
    Template::read(&root().join("infra/stacks").join(file)).unwrap()
}

pub struct Function {
    pub logical_id: String,
    pub binary: String,
    /// Method in lower case and path, or `$default`.
    pub routes: Vec<(String, String)>,
    pub properties: Value,
    /// Those of `Globals` among them.
    pub variables: Map<String, Value>,
}

/// What a policy allows.
pub struct Statement {
    pub actions: Vec<String>,
    pub resources: Vec<Value>,
    /// Null where it always allows it.
    pub condition: Value,
}

impl Function {
    fn new(logical_id: &str, resource: &Value) -> Self {
        let globals = &template().section("Globals")["Function"];
        let properties = &resource["Properties"];
        let variables = |from: &Value| {
            from["Environment"]["Variables"]
                .as_object()
                .cloned()
                .unwrap_or_default()
        };
        Self {
            logical_id: logical_id.to_owned(),
            binary: string(&resource["Metadata"]["BuildProperties"]["Binary"]),
            routes: members(&properties["Events"])
                .filter_map(|(_, event)| route(event))
                .collect(),
            properties: properties.clone(),
            variables: variables(globals).into_iter().chain(variables(properties)).collect(),
        }
    }

    /// Seconds after which Lambda ends an invocation.
    pub fn timeout(&self) -> u64 {
        let globals = &template().section("Globals")["Function"]["Timeout"];
        self.properties["Timeout"].as_u64().or(globals.as_u64()).unwrap()
    }

    /// Every policy is written out as statements.
    pub fn statements(&self) -> Vec<Statement> {
        let policies = items(&self.properties["Policies"]);
        let statements = policies.flat_map(|policy| {
            assert_eq!(policy.as_object().unwrap().len(), 1, "{}: {policy}", self.binary);
            policy["Statement"].as_array().unwrap()
        });
        let statement = |statement: &Value| {
            let keys = statement.as_object().unwrap().keys().filter(|key| *key != "Condition");
            assert_eq!(
                keys.collect::<Vec<_>>(),
                ["Action", "Effect", "Resource"],
                "{}",
                self.binary
            );
            assert_eq!(statement["Effect"], "Allow", "{}", self.binary);
            Statement {
                actions: one_or_more(&statement["Action"]).map(string).collect(),
                resources: one_or_more(&statement["Resource"]).cloned().collect(),
                condition: statement["Condition"].clone(),
            }
        };
        statements.map(statement).collect()
    }

    /// Whether a policy allows an action that begins so.
    fn may(&self, action: &str) -> bool {
        let statements = self.statements();
        statements
            .iter()
            .flat_map(|each| &each.actions)
            .any(|each| each.starts_with(action))
    }
}

/// Every function, in the order of the file.
pub fn functions() -> Vec<Function> {
    let functions = template().resources(FUNCTION);
    functions.map(|(id, resource)| Function::new(id, resource)).collect()
}

fn route(event: &Value) -> Option<(String, String)> {
    let properties = &event["Properties"];
    (event["Type"] == "HttpApi").then(|| {
        assert_eq!(properties["ApiId"], json!({ "Ref": "HttpApi" }));
        let method = properties["Method"].as_str().unwrap_or_default().to_lowercase();
        (method, properties["Path"].as_str().unwrap_or("$default").to_owned())
    })
}

pub fn string(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// The members of an object, or none.
pub fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The items of a list, or none.
pub fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn one_or_more(value: &Value) -> impl Iterator<Item = &Value> {
    let one = (!value.is_array()).then_some(value);
    one.into_iter().chain(items(value))
}

#[test]
fn a_function_has_the_time_and_the_clients_that_it_declares() {
    for function in functions() {
        let name = &function.binary;
        let declared = declared::functions().into_iter().find(|declared| declared.name == name);
        let declared = declared.unwrap();
        assert_eq!(declared.timeout.as_secs(), function.timeout(), "{name}");
        assert_eq!(
            declared.clients.has_bus(),
            function.may("events:"),
            "{name} and the event bus"
        );
        assert_eq!(declared.clients.has_files(), function.may("s3:"), "{name} and files");
    }
}

/// S3 answers 404 for a missing object only to a role that may list its key as a prefix, and 403 to others.
#[test]
fn a_function_that_reads_files_may_see_that_one_is_missing() {
    let mut found = 0;
    for function in functions() {
        let statements = function.statements();
        let of = |action: &str| {
            statements
                .iter()
                .filter(|each| each.actions == [action])
                .collect::<Vec<_>>()
        };
        let (reads, lists) = (of("s3:GetObject"), of("s3:ListBucket"));
        let prefixes = reads.iter().flat_map(|read| &read.resources).map(|resource| {
            let path = string(&resource["Fn::Sub"]);
            path.split_once('/').unwrap().1.to_owned()
        });
        let listed = lists
            .iter()
            .map(|list| string(&list.condition["StringLike"]["s3:prefix"]));
        let (prefixes, listed): (Vec<_>, Vec<_>) = (prefixes.collect(), listed.collect());
        assert_eq!(prefixes, listed, "{}", function.binary);
        found += prefixes.len();
    }
    assert_eq!(found, 2, "proposals and cases");
}

#[test]
fn the_gateway_throttles_its_routes_and_logs_no_path() {
    let api = &template().section("Resources")["HttpApi"]["Properties"];
    let routes: Vec<String> = functions()
        .iter()
        .flat_map(|function| &function.routes)
        .map(|(method, path)| format!("{} {path}", method.to_uppercase()))
        .collect();
    let default =
        json!({ "ThrottlingRateLimit": { "Ref": "ThrottleRate" }, "ThrottlingBurstLimit": { "Ref": "ThrottleBurst" } });
    assert_eq!(api["DefaultRouteSettings"], default);
    let of_partners: Vec<_> = members(&api["RouteSettings"]).collect();
    assert_eq!(of_partners.len(), 3);
    for (route, settings) in of_partners {
        // CloudFormation knows no types here: a text would reach API Gateway as a text.
        assert_eq!(
            settings,
            &json!({ "ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 100 }),
            "{route}"
        );
        // API Gateway refuses the settings of a route that it does not have.
        assert!(routes.contains(route), "{route}");
    }
    let format = string(&api["AccessLogSettings"]["Format"]["Fn::Sub"]);
    let format: Map<String, Value> = serde_json::from_str(&format).unwrap();
    let values: Vec<String> = format.values().map(string).collect();
    assert!(values.contains(&"$context.routeKey".to_owned()), "{values:?}");
    for value in values.iter().map(|value| value.to_lowercase()) {
        assert!(!value.contains("path") && !value.contains("query"), "{value}");
    }
}

/// Parameters that would open a stage on AWS. Only `local` sets them.
#[test]
fn only_local_has_private_addresses_and_pages_of_localhost() {
    let samconfig = std::fs::read_to_string(root().join("samconfig.toml")).unwrap();
    let (local, elsewhere): (Vec<&str>, Vec<&str>) = samconfig
        .split("\n[")
        .partition(|section| section.starts_with("local."));
    for (name, local_value) in [("EgressAllow", "127.0.0.1"), ("CorsOrigins", "http://localhost:3000")] {
        assert_eq!(template().section("Parameters")[name]["Default"], "", "{name}");
        for section in &elsewhere {
            assert!(!section.contains(name), "{section}");
        }
        let setting = format!("\"{name}={local_value}\"");
        assert!(local.iter().any(|section| section.contains(&setting)), "{setting}");
    }
}

/// A share of a queue's workers, and the workers.
const SHARES: [(&str, &str); 2] = [
    ("MmobProviderShare", "MmobOrderWorkers"),
    ("QuoteRetryShare", "QuoteRetryWorkers"),
];

#[test]
fn no_share_occupies_every_worker() {
    let parameters = template().section("Parameters");
    let default = |name: &str| string(&parameters[name]["Default"]).parse::<u32>().unwrap();
    for (share, workers) in SHARES {
        assert!(default(share) < default(workers), "{share} and {workers}");
        let by_workers = json!({ "MaximumConcurrency": { "Ref": workers } });
        let of_share = functions().into_iter().filter(|function| {
            let values = function.variables.values();
            values.into_iter().any(|value| value == &json!({ "Ref": share }))
        });
        let named: Vec<Value> = of_share.map(|function| json!({ "Ref": function.logical_id })).collect();
        let mappings = template().resources("AWS::Lambda::EventSourceMapping");
        let scaled: Vec<Value> = mappings
            .filter(|(_, mapping)| named.contains(&mapping["Properties"]["FunctionName"]))
            .map(|(_, mapping)| mapping["Properties"]["ScalingConfig"].clone())
            .collect();
        assert_eq!(scaled, [by_workers], "{share}");
        // Lambda takes no fewer.
        assert_eq!(parameters[workers]["MinValue"], 2, "{workers}");
    }
}

/// With fewer reserved executions than workers, Lambda would throttle the workers, and each throttled receive counts as a try.
#[test]
fn only_orders_and_webhooks_reserve_executions_and_only_if_the_parameter_says_so() {
    let parameters = template().section("Parameters");
    assert_eq!(
        parameters["ReservedConcurrency"]["Default"], "0",
        "an account with a quota of 10 can reserve none"
    );
    let is_on = json!([{ "Fn::Equals": [{ "Ref": "ReservedConcurrency" }, "0"] }]);
    assert_eq!(
        template().section("Conditions")["HasReservedConcurrency"]["Fn::Not"],
        is_on
    );
    let reserved = |number: Value| json!({ "Fn::If": ["HasReservedConcurrency", number, { "Ref": "AWS::NoValue" }] });
    let of = |parameter: &str| reserved(json!({ "Ref": parameter }));
    let expected = [
        ("funders-webhook", of("ReservedConcurrency")),
        ("mmob-order-webhook", of("ReservedConcurrency")),
        ("mmob-order-process", of("MmobOrderWorkers")),
        // A run that is repeated after a crash may meet the next one.
        ("mmob-order-sweep", reserved(json!(2))),
    ];
    let found: Vec<(String, Value)> = functions()
        .into_iter()
        .map(|function| {
            (
                function.binary,
                function.properties["ReservedConcurrentExecutions"].clone(),
            )
        })
        .filter(|(_, reserved)| !reserved.is_null())
        .collect();
    assert_eq!(found, expected.map(|(binary, reserved)| (binary.to_owned(), reserved)));
}

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
            name.starts_with("bqs-"),
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
