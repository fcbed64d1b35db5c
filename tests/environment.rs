//! The functions' environments as a deployment makes them: the template's values, with names and ARNs as long as AWS's.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use model::partner::FUNDERS;
use runtime::port::config::Config;
use sam_template::{STACK, Template};

use crate::template::{functions, items, members, stack, string};

const ACCOUNT: &str = "eu-west-2:123456789012";
/// Lambda takes 4,096. With every setting given, the largest environment has 2,580, and a further funder adds about 300.
const MAX_CHARACTERS: usize = 3_000;

/// A stack with the values of its parameters.
pub struct Stack {
    name: String,
    template: Template,
    parameters: BTreeMap<String, String>,
}

impl Stack {
    /// The stack of template.yaml, with these parameters beside the defaults.
    pub fn main(parameters: &[(&str, &str)]) -> Self {
        let given = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let template = Template::read(&crate::template::root().join("template.yaml")).unwrap();
        Self::new("trunkline-staging".to_owned(), template, given.collect())
    }

    fn new(name: String, template: Template, given: BTreeMap<String, String>) -> Self {
        let defaults = members(template.section("Parameters"));
        let mut parameters: BTreeMap<String, String> = defaults
            .filter_map(|(name, parameter)| Some((name.clone(), parameter.get("Default").map(string)?)))
            .collect();
        parameters.extend(given);
        Self {
            name,
            template,
            parameters,
        }
    }

    /// A nested stack, with the parameters that this one gives it.
    fn nested(&self, id: &str) -> Self {
        let properties = &self.resource(id)["Properties"];
        let file = string(&properties["TemplateURL"]);
        let given = members(&properties["Parameters"]);
        let given = given.filter_map(|(name, value)| Some((name.clone(), self.value(value)?)));
        let template = stack(file.strip_prefix("infra/stacks/").unwrap());
        Self::new(self.generated(id), template, given.collect())
    }

    fn resource(&self, id: &str) -> &Value {
        &self.template.section("Resources")[id]
    }

    /// A name as CloudFormation makes it.
    fn generated(&self, id: &str) -> String {
        format!("{}-{id}-1A2B3C4D5E6F7", self.name)
    }

    /// The text that a value becomes, or None where it is left out.
    pub fn value(&self, value: &Value) -> Option<String> {
        let Value::Object(function) = value else {
            return Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        };
        let (function, argument) = function.iter().next().unwrap();
        match function.as_str() {
            "Ref" if argument == "AWS::NoValue" => None,
            "Ref" => Some(self.named(&string(argument))),
            "Fn::GetAtt" => Some(self.attribute(&string(&argument[0]), &string(&argument[1]))),
            "Fn::Sub" => Some(self.substituted(&string(argument))),
            "Fn::Join" => {
                let parts: Vec<String> = items(&argument[1]).filter_map(|part| self.value(part)).collect();
                Some(parts.join(argument[0].as_str().unwrap()))
            }
            "Fn::If" if self.holds(&self.template.section("Conditions")[argument[0].as_str().unwrap()]) => {
                self.value(&argument[1])
            }
            "Fn::If" => self.value(&argument[2]),
            other => panic!("{other} is not evaluated here"),
        }
    }

    fn holds(&self, condition: &Value) -> bool {
        match condition.as_object().unwrap().iter().next().unwrap() {
            (function, negated) if function == "Fn::Not" => !self.holds(&negated[0]),
            (function, both) if function == "Fn::Equals" => self.value(&both[0]) == self.value(&both[1]),
            (function, any) if function == "Fn::Or" => items(any).any(|each| self.holds(each)),
            (other, _) => panic!("{other} is not evaluated here"),
        }
    }

    /// Whether the parameters keep the template's rules.
    fn is_deployable(&self) -> bool {
        let mut assertions = members(self.template.section("Rules")).flat_map(|(_, rule)| items(&rule["Assertions"]));
        assertions.all(|assertion| self.holds(&assertion["Assert"]))
    }

    fn substituted(&self, text: &str) -> String {
        let mut parts = text.split("${");
        let mut result = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            let value = match name.split_once('.') {
                Some((resource, attribute)) => self.attribute(resource, attribute),
                None => self.named(name),
            };
            result.extend([&value, rest]);
        }
        result
    }

    fn named(&self, name: &str) -> String {
        if let Some(value) = self.parameters.get(name) {
            return value.clone();
        }
        match self.resource(name)["Type"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} is not in {}", self.name))
        {
            "AWS::SQS::Queue" => format!(
                "https://sqs.eu-west-2.amazonaws.com/123456789012/{}",
                self.generated(name)
            ),
            _ => self.generated(name),
        }
    }

    fn attribute(&self, id: &str, attribute: &str) -> String {
        let resource = self.resource(id);
        match (resource["Type"].as_str().unwrap(), attribute) {
            (STACK, output) => {
                let output = output.strip_prefix("Outputs.").unwrap();
                let nested = self.nested(id);
                nested
                    .value(&nested.template.section("Outputs")[output]["Value"])
                    .unwrap()
            }
            ("AWS::SecretsManager::Secret", "Id") => {
                let name = self.value(&resource["Properties"]["Name"]).unwrap();
                format!("arn:aws:secretsmanager:{ACCOUNT}:secret:{name}-AbCdEf")
            }
            _ => format!("arn:aws:service:{ACCOUNT}:{}", self.generated(id)),
        }
    }
}

/// Where every optional setting has a value: two keys of the platform, a LIVE environment of each funder, limits.
fn full() -> Stack {
    let key = format!(
        "-----BEGIN PUBLIC KEY-----\\n{}\\n-----END PUBLIC KEY-----\\n",
        "x".repeat(392 + 12)
    );
    Stack::main(&[
        ("Stage", "staging"),
        ("JwtPublicKey", &key.repeat(2)),
        ("AllowLive", "true"),
        ("LexLiveUrl", "https://api.lexautolease.co.uk/api/v1"),
        ("LexMaxRetries", "3"),
        ("LexRetryBaseDelay", "1000"),
        ("LexRateLimit", "10"),
        ("AlphabetMaxRetries", "3"),
        ("AlphabetRetryBaseDelay", "1000"),
        ("AlphabetRateLimit", "10"),
        ("ApiRateLimit", "10"),
        ("BqsUpstreamUrl", "https://bqs.example.com/v1/bqs-case"),
        ("BqsUpstreamChannel", "upstream"),
        ("MmobUrl", "https://marketplace.example.com/api"),
    ])
}

/// The characters of an environment, in the JSON that Lambda counts.
fn characters(stack: &Stack, variables: &Map<String, Value>) -> usize {
    let texts = variables
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), stack.value(value)?)));
    let resolved = |(name, text): (String, String)| {
        let text = match text.starts_with("{{resolve:") {
            true => "x".repeat(64),
            false => text,
        };
        (name, Value::from(text))
    };
    Value::Object(texts.map(resolved).collect()).to_string().len()
}

#[test]
fn every_environment_is_far_from_lambdas_limit() {
    let stack = full();
    let mut sizes: Vec<(usize, String)> = functions()
        .into_iter()
        .map(|function| (characters(&stack, &function.variables), function.binary))
        .collect();
    sizes.sort();
    let (largest, function) = sizes.pop().unwrap();
    assert!(largest <= MAX_CHARACTERS, "{function}: {largest}");
}

/// What FUNDERS is: for the functions that call funders, and for the webhook.
pub const OUTPUTS: [&str; 2] = ["Outputs.Settings", "Outputs.WebhookSettings"];

/// The settings that this output carries.
pub fn carried(stack: &Stack, output: &str) -> BTreeMap<String, String> {
    let json = stack.attribute("Funders", output);
    let mut carried = BTreeMap::new();
    let mut open = vec![(String::new(), serde_json::from_str(&json).unwrap())];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(members) => open.extend(
                members
                    .into_iter()
                    .map(|(name, value)| (format!("{path}_{name}"), value)),
            ),
            value => drop(carried.insert(path.trim_start_matches('_').to_owned(), string(&value))),
        }
    }
    carried
}

#[test]
fn the_hub_reads_what_funders_carries() {
    let stack = full();
    for output in OUTPUTS {
        let json = stack.attribute("Funders", output);
        let config = [("FUNDERS", json)].into_iter().collect::<Config>().unpacked("FUNDERS");
        for (name, value) in carried(&stack, output) {
            // An empty setting counts as absent.
            assert_eq!(config.get(&name).unwrap_or_default(), value, "{name}");
        }
    }
}

#[test]
fn funders_carries_limits_and_the_environments_that_are_open() {
    for (allow_sandbox, allow_live, environments) in [
        ("true", "false", &["SANDBOX"][..]),
        ("true", "true", &["LIVE", "SANDBOX"]),
        ("false", "true", &["LIVE"]),
        ("false", "false", &[]),
    ] {
        let stack = Stack::main(&[("AllowSandbox", allow_sandbox), ("AllowLive", allow_live)]);
        assert_eq!(stack.is_deployable(), !environments.is_empty(), "{environments:?}");
        let [carried, of_webhook] = OUTPUTS.map(|output| carried(&stack, output));
        for funder in FUNDERS {
            let of_funder = |name: &String| Some(name.strip_prefix(funder)?.strip_prefix('_')?.to_owned());
            let own: Vec<String> = carried.keys().filter_map(of_funder).collect();
            let of_environments: Vec<String> = environments
                .iter()
                .flat_map(|each| [format!("{each}_SECRET"), format!("{each}_URL")])
                .collect();
            let limits = ["MAX_RETRIES", "RATE_LIMIT", "RETRY_BASE_DELAY"].map(str::to_owned);
            let mut expected = [&limits[..], &of_environments].concat();
            expected.sort();
            assert_eq!(own, expected, "{funder} with {environments:?}");
            for environment in environments {
                let secret = format!("trunkline/local/{funder}/{environment}").to_lowercase();
                assert_eq!(carried[&format!("{funder}_{environment}_SECRET")], secret);
                let verifying = &of_webhook[&format!("{funder}_{environment}_WEBHOOK_SECRET")];
                assert_eq!(verifying, &format!("{secret}/webhook"));
            }
        }
        assert_eq!(
            of_webhook.len(),
            FUNDERS.len() * environments.len(),
            "the webhook knows nothing else"
        );
        assert!(carried.contains_key("API_RATE_LIMIT"));
    }
}
