//! The parts of `template.yaml` that tests need. The file has one style, so it is read line by line.

use std::fs;
use std::path::PathBuf;

use crate::declared;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[derive(Debug, Default, PartialEq)]
pub struct Function {
    pub logical_id: String,
    pub binary: String,
    /// Method in lower case and path, or `$default`.
    pub routes: Vec<(String, String)>,
    pub events: usize,
    /// Its lines.
    pub text: String,
}

impl Function {
    /// Seconds after which Lambda ends an invocation.
    pub fn timeout(&self) -> u64 {
        let own = |text: &str| Some(text.split_once("Timeout: ")?.1.split_whitespace().next()?.to_owned());
        let globals = || own(text().split_once("Globals:")?.1);
        own(&self.text).or_else(globals).unwrap().parse().unwrap()
    }
}

pub fn text() -> String {
    fs::read_to_string(root().join("template.yaml")).unwrap()
}

/// Every function, in the order of the file.
pub fn functions() -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    let mut resource = String::new();
    for line in text().lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if indent == 2 && line.ends_with(':') {
            resource = line.trim_end_matches(':').to_owned();
        }
        if line == "Type: AWS::Serverless::Function" {
            functions.push(Function {
                logical_id: resource.clone(),
                ..Function::default()
            });
        }
        let Some(function) = functions.last_mut().filter(|function| function.logical_id == resource) else {
            continue;
        };
        function.text.push_str(line);
        function.text.push('\n');
        if let Some(binary) = line.strip_prefix("Binary: ") {
            function.binary = binary.to_owned();
        }
        if indent == 10 && line.starts_with("Type: ") {
            function.events += 1;
        }
        if let Some(route) = line.strip_prefix("Properties: { ApiId: !Ref HttpApi") {
            let part = |name: &str| {
                let rest = route.split_once(name)?.1;
                Some(rest.split([',', ' ']).next().unwrap().trim_matches('\'').to_owned())
            };
            let method = part("Method: ").unwrap_or_default().to_lowercase();
            function
                .routes
                .push((method, part("Path: ").unwrap_or_else(|| "$default".to_owned())));
        }
    }
    functions
}

#[test]
fn a_function_has_the_time_and_the_clients_that_it_declares() {
    for function in functions() {
        let name = &function.binary;
        let declared = declared::functions().into_iter().find(|declared| declared.name == name);
        let declared = declared.unwrap();
        assert_eq!(declared.timeout.as_secs(), function.timeout(), "{name}");
        let may = |action: &str| function.text.contains(&format!("Action: {action}"));
        assert_eq!(declared.clients.has_bus(), may("events:"), "{name} and the event bus");
        assert_eq!(declared.clients.has_files(), may("s3:"), "{name} and files");
    }
}

#[test]
fn the_stack_stays_far_from_cloudformations_limit() {
    // A function is two resources, itself and its role, and one for each event: a permission or a mapping.
    let resources: usize = functions().iter().map(|function| 2 + function.events).sum();
    assert!(resources + 20 <= 450, "{resources}");
}

#[test]
fn every_dead_letter_queue_has_outputs_for_redrive() {
    let text = text();
    let (_, watched) = text.split_once("        DeadLetterQueues: !Join\n").unwrap();
    let watched = watched
        .lines()
        .skip(1)
        .map_while(|line| line.trim().strip_suffix("DlqName"));
    let (_, outputs) = text.split_once("\nOutputs:\n").unwrap();
    let mut found = 0;
    for each in watched {
        let source = each.rsplit_once(' ').unwrap().1;
        let value = |kind: &str| format!("    Value: !GetAtt {source}{kind}Url");
        let lines: Vec<&str> = outputs.lines().collect();
        let name = |value: &str| {
            let at = lines.iter().position(|line| *line == value)?;
            lines[at - 1].trim().trim_end_matches(':').strip_prefix("Queue")
        };
        let (queue, dead) = (name(&value("Queue")), name(&value("Dlq")));
        assert!(queue.is_some(), "{source}");
        assert_eq!(queue, dead.and_then(|dead| dead.strip_suffix("Dlq")), "{source}");
        found += 1;
    }
    assert!(found > 0);
}

#[test]
fn private_addresses_may_be_called_in_local_only() {
    let text = text();
    let parameter = text.split_once("  EgressAllow:").unwrap().1;
    assert!(parameter.split("Description").next().unwrap().contains("Default: ''"));
    let samconfig = fs::read_to_string(root().join("samconfig.toml")).unwrap();
    let elsewhere = samconfig.split("\n[").filter(|section| !section.starts_with("local."));
    for section in elsewhere {
        assert!(!section.contains("EgressAllow"), "{section}");
    }
    assert!(samconfig.contains("[local.deploy") && samconfig.contains("EgressAllow=127.0.0.1"));
}

#[test]
fn no_policy_reaches_everything() {
    for line in text().lines().map(str::trim) {
        assert!(
            !line.starts_with("Resource: '*'") && !line.starts_with("Resource: \"*\"") && !line.contains("Action: '*'"),
            "{line}"
        );
        assert!(!(line.starts_with("Action") && line.contains(":*")), "{line}");
    }
}

#[test]
fn every_function_that_calls_funders_has_their_limits() {
    let text = text();
    let callers = text
        .split("    Type: AWS::Serverless::Function")
        .filter(|block| block.contains("API_MAX_RETRIES:"));
    let mut found = 0;
    for caller in callers {
        found += 1;
        for name in ["API"].iter().chain(&model::partner::FUNDERS) {
            assert!(
                caller.contains(&format!("          {name}_RATE_LIMIT: !Ref")),
                "{name} in {caller}"
            );
        }
        let table = "Resource: !GetAtt Funders.Outputs.TableArn";
        let actions = caller.split_once(table).unwrap().0.lines().rev().nth(1).unwrap();
        assert!(actions.contains("dynamodb:UpdateItem"), "{actions} in {caller}");
    }
    assert!(found > 0);
}

#[test]
fn every_funder_has_its_secrets_and_a_function_has_all_or_none() {
    let funders = stack("funders.yaml");
    let secrets: Vec<&str> = funders.split("      Name: !Sub trunkline/${Stage}/").skip(1).collect();
    let mut kept: Vec<&str> = secrets.iter().map(|secret| secret.lines().next().unwrap()).collect();
    kept.sort_unstable();
    let installations = model::partner::FUNDERS
        .iter()
        .flat_map(|funder| ["LIVE", "SANDBOX"].map(|environment| format!("{funder}/{environment}").to_lowercase()));
    let mut known: Vec<String> = installations.collect();
    known.sort();
    assert_eq!(kept, known);
    let text = text();
    for block in text.split("    Type: AWS::Serverless::Function").skip(1) {
        for (environment, what) in [
            ("SANDBOX", "URL"),
            ("SANDBOX", "SECRET"),
            ("LIVE", "URL"),
            ("LIVE", "SECRET"),
        ] {
            let named = |funder: &&str| block.contains(&format!("          {funder}_{environment}_{what}: "));
            let count = model::partner::FUNDERS.iter().filter(|funder| named(funder)).count();
            assert!(
                count == 0 || count == model::partner::FUNDERS.len(),
                "{what} in {block}"
            );
        }
        let may_read = block
            .split_once("secretsmanager:GetSecretValue")
            .map_or("", |(_, rest)| rest);
        let read = may_read
            .lines()
            .filter(|line| line.trim_start().starts_with("- !GetAtt Funders."))
            .count();
        assert!(read == 0 || read == known.len(), "{read} secrets in {block}");
    }
}

fn stack(file: &str) -> String {
    fs::read_to_string(root().join("infra/stacks").join(file)).unwrap()
}

/// Each nested stack's logical id and file name.
fn stacks() -> Vec<(String, String)> {
    let mut resource = String::new();
    let mut stacks = Vec::new();
    for line in text().lines() {
        if line.starts_with("  ") && !line.starts_with("   ") {
            resource = line.trim().trim_end_matches(':').to_owned();
        }
        if let Some(file) = line.trim().strip_prefix("TemplateURL: infra/stacks/") {
            stacks.push((resource.clone(), file.to_owned()));
        }
    }
    stacks
}

/// The list in `template.yaml` for a parameter of the operations stack.
fn listed(parameter: &str) -> Vec<String> {
    let text = text();
    let list = text.split_once(&format!("        {parameter}: !Join\n")).unwrap().1;
    let items = list.lines().skip(1).map(|line| line.trim_start_matches([' ', '-']));
    items
        .map_while(|item| item.strip_prefix("!GetAtt "))
        .map(str::to_owned)
        .collect()
}

/// The outputs of the queues that a redrive policy names as dead-letter queues, or of the other queues.
fn queues(dead: bool) -> Vec<String> {
    let mut queues = Vec::new();
    for (id, file) in stacks() {
        let text = stack(&file);
        let mut resource = "";
        for line in text.lines() {
            if line.starts_with("  ") && !line.starts_with("   ") {
                resource = line.trim().trim_end_matches(':');
            }
            let named = text.contains(&format!("deadLetterTargetArn: !GetAtt {resource}.Arn"));
            if line == "    Type: AWS::SQS::Queue" && named == dead {
                let value = format!("    Value: !GetAtt {resource}.QueueName");
                let before = text.lines().zip(text.lines().skip(1)).find(|(_, line)| *line == value);
                let output = before
                    .unwrap_or_else(|| panic!("{file} has no output with {resource}'s name"))
                    .0;
                queues.push(format!("{id}.Outputs.{}", output.trim().trim_end_matches(':')));
            }
        }
    }
    queues
}

#[test]
fn every_queue_is_watched_and_every_dead_letter_raises_an_alarm() {
    assert!(!queues(true).is_empty() && !queues(false).is_empty());
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(listed("Queues")), sorted(queues(false)));
    let dead = listed("DeadLetterQueues");
    assert_eq!(sorted(dead.clone()), sorted(queues(true)));
    let operations = stack("operations.yaml");
    for (place, queue) in dead.iter().enumerate() {
        let name = format!("Dimensions: [{{ Name: QueueName, Value: !Select [{place}, !Ref DeadLetterQueues] }}]");
        assert_eq!(operations.matches(&name).count(), 1, "an alarm for {queue}");
    }
    assert_eq!(operations.matches("  DeadLetters").count(), dead.len());
}

#[test]
fn every_partner_that_can_fail_raises_an_alarm() {
    let operations = stack("operations.yaml");
    let alarms = operations.split("    Type: AWS::CloudWatch::Alarm");
    let mut expected = 0;
    for partner in model::partner::PARTNERS {
        for environment in partner.environments {
            let name = partner.name;
            let named = format!("{{ Name: Partner, Value: {name} }}, {{ Name: Environment, Value: {environment} }}");
            let watching = alarms.clone().filter(|alarm| alarm.matches(&named).count() == 2);
            assert_eq!(watching.count(), 1, "an alarm for {name} {environment}");
            expected += 1;
        }
    }
    let partners = alarms.filter(|alarm| alarm.contains("{ Name: Partner, Value: "));
    assert_eq!(partners.count(), expected, "no alarm for another partner");
}

#[test]
fn every_alarm_has_an_action() {
    let operations = stack("operations.yaml");
    let alarms = operations.matches("Type: AWS::CloudWatch::Alarm").count();
    assert_eq!(operations.matches("      AlarmActions: [!Ref Alarms]").count(), alarms);
}

#[test]
fn the_dashboard_is_json() {
    let operations = stack("operations.yaml");
    let body = operations
        .split_once("      DashboardBody: !Sub\n        - |\n")
        .unwrap()
        .1;
    let body = body.split_once("        - Waiting:").unwrap().0;
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let widgets = body["widgets"].as_array().unwrap();
    let places: std::collections::BTreeSet<_> = widgets
        .iter()
        .map(|each| (each["x"].to_string(), each["y"].to_string()))
        .collect();
    assert_eq!(places.len(), widgets.len(), "no widget hides another");
    let groups: std::collections::BTreeSet<_> = functions()
        .iter()
        .map(|function| function.binary.split('-').next().unwrap().to_owned())
        .collect();
    let text = widgets[0].to_string();
    for group in groups {
        assert!(
            text.contains(&format!("\"label\":\"{group}\"")),
            "{group} is on the dashboard"
        );
    }
}
