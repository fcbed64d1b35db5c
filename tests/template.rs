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

/// Also kept apart from the JSON of `FUNDERS`, which a quote or a backslash would end.
const PARTNER_URL: &str = r#"(https://[^ "\\]+|http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?(/[^ "\\]*)?)?"#;

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

    /// Whether a schedule starts it.
    pub fn is_scheduled(&self) -> bool {
        members(&self.properties["Events"]).any(|(_, event)| event["Type"] == "Schedule")
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
    pub fn may(&self, action: &str) -> bool {
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
        let handles = ["s3:GetObject", "s3:PutObject"]
            .iter()
            .any(|action| function.may(action));
        assert_eq!(declared.clients.has_files(), handles, "{name} and files");
        assert_eq!(
            declared.clients.has_eraser(),
            function.may("dynamodb:Scan"),
            "{name} and erasures"
        );
        let scans = function.variables.contains_key("DOCUMENT_SCANNER");
        assert_eq!(declared.clients.has_scanner(), scans, "{name} and the scanner");
        assert_eq!(
            scans,
            function.may("s3:GetObjectTagging"),
            "{name} and the scanner's tags"
        );
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
    for (name, local_value) in [
        ("EgressAllow", "127.0.0.1"),
        ("CallbackAllow", "127.0.0.1"),
        ("CorsOrigins", "http://localhost:3000"),
    ] {
        assert_eq!(template().section("Parameters")[name]["Default"], "", "{name}");
        for section in &elsewhere {
            assert!(!section.contains(name), "{section}");
        }
        let setting = format!("\"{name}={local_value}\"");
        assert!(local.iter().any(|section| section.contains(&setting)), "{setting}");
    }
}

/// The deployment refuses the address of a partner without https, unless it is the loopback address of a local stack.
#[test]
fn the_address_of_a_partner_is_https_or_loopback() {
    let mut found = 0;
    for (name, parameter) in members(template().section("Parameters")) {
        if name.ends_with("Url") && name != "EndpointUrl" {
            assert_eq!(parameter["AllowedPattern"], PARTNER_URL, "{name}");
            found += 1;
        }
    }
    assert!(found > 5, "{found}");
}

/// A share of a queue's workers, and the workers.
const SHARES: [(&str, &str); 4] = [
    ("MmobProviderShare", "MmobOrderWorkers"),
    ("QuoteRetryShare", "QuoteRetryWorkers"),
    ("ProposalShare", "ProposalSubmitWorkers"),
    ("ProposalShare", "FunderEventsWorkers"),
];

#[test]
fn a_parameter_says_how_many_workers_each_queue_has() {
    let (parameters, mut found) = (template().section("Parameters"), BTreeSet::new());
    for (id, mapping) in template().resources("AWS::Lambda::EventSourceMapping") {
        let scaling = members(&mapping["Properties"]["ScalingConfig"]);
        let scaling: Vec<_> = scaling.map(|(name, value)| (name.as_str(), value)).collect();
        let [("MaximumConcurrency", workers)] = scaling[..] else {
            panic!("{id}: {scaling:?}");
        };
        let workers = string(&workers["Ref"]);
        // Lambda takes no fewer than 2.
        assert!(parameters[&workers]["MinValue"].as_u64() >= Some(2), "{id}");
        assert!(found.insert(workers), "{id}: a parameter of its own");
    }
    assert!(found.len() >= 7, "{found:?}");
}

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
        let all = SHARES.iter().filter(|(name, _)| *name == share);
        assert_eq!(scaled.len(), all.count(), "{share}");
        assert!(scaled.contains(&by_workers), "{share} and {workers}");
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
