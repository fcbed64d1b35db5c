//! Queues, alarms and the dashboard of `infra/stacks`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use sam_template::Template;
use serde_json::{Value, json};

use crate::template::{Function, functions, items, members, root, stack, string, template};

const QUEUE: &str = "AWS::SQS::Queue";
pub const ALARM: &str = "AWS::CloudWatch::Alarm";

/// A nested stack, by its logical id and its file.
pub struct Stack {
    pub id: String,
    pub template: Template,
}

pub fn stacks() -> Vec<Stack> {
    let file = |file: &str| stack(file.strip_prefix("infra/stacks/").unwrap());
    let nested = template().nested();
    let stacks = nested.map(|(id, path)| Stack {
        id: id.to_owned(),
        template: file(path),
    });
    stacks.collect()
}

impl Stack {
    /// The queues that messages are sent to, each with its dead-letter queue.
    fn queues(&self) -> Vec<(String, String)> {
        let mut all: BTreeSet<&str> = self.template.resources(QUEUE).map(|(id, _)| id).collect();
        let mut pairs = Vec::new();
        for (id, queue) in self.template.resources(QUEUE) {
            let target = &queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"];
            if let Some(dead) = target[0].as_str() {
                assert!(all.remove(id) && all.remove(dead), "{id} and {dead}");
                pairs.push((id.to_owned(), dead.to_owned()));
            }
        }
        assert!(all.is_empty(), "{all:?} are no dead letters of a queue and have none");
        pairs
    }

    fn output(&self, name: &str) -> &Value {
        &self.template.section("Outputs")[name]["Value"]
    }

    /// The name of the output of `template.yaml` with a queue's URL.
    fn url_output<'a>(&'a self, queue: &str) -> &'a str {
        let with = |outputs: &'a Value, value: &Value| {
            let output = members(outputs).find(|(_, output)| &output["Value"] == value);
            output.unwrap_or_else(|| panic!("no output for {value}")).0
        };
        let own = with(self.template.section("Outputs"), &json!({ "Ref": queue }));
        let url = json!({ "Fn::GetAtt": [self.id, format!("Outputs.{own}")] });
        with(template().section("Outputs"), &url)
    }
}

fn name(queue: &str) -> Value {
    json!({ "Fn::GetAtt": [queue, "QueueName"] })
}

#[test]
fn every_dead_letter_queue_has_outputs_for_redrive() {
    let mut found = 0;
    for stack in stacks() {
        for (queue, dead) in stack.queues() {
            let output = stack.url_output(&queue);
            assert!(output.starts_with("Queue"), "{queue}");
            assert_eq!(stack.url_output(&dead), format!("{output}Dlq"));
            found += 1;
        }
    }
    assert!(found > 0);
}

#[test]
fn every_queue_has_its_rows_in_the_documents() {
    let pages =
        ["docs/data.md", "docs/operating.md"].map(|page| (page, fs::read_to_string(root().join(page)).unwrap()));
    for stack in stacks() {
        for (queue, _) in stack.queues() {
            let (first, rest) = stack.url_output(&queue).strip_prefix("Queue").unwrap().split_at(1);
            let row = format!("\n| `{}{rest}` |", first.to_lowercase());
            for (page, text) in &pages {
                assert!(
                    text.contains(&row),
                    "{page} has no row of a table that begins with {row:?}"
                );
            }
        }
    }
}

#[test]
fn every_queue_is_on_the_dashboard() {
    let mut sources: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for stack in stacks() {
        let (queues, dead): (Vec<Value>, Vec<Value>) = stack
            .queues()
            .iter()
            .map(|(queue, dead)| (name(queue), name(dead)))
            .unzip();
        for (output, names) in [("Queues", queues), ("DeadLetterQueues", dead)] {
            if names.is_empty() {
                assert!(stack.output(output).is_null(), "{}", stack.id);
            } else {
                assert_eq!(
                    stack.output(output),
                    &json!({ "Fn::Join": [",", names] }),
                    "{}",
                    stack.id
                );
                let source = json!({ "Fn::GetAtt": [stack.id, format!("Outputs.{output}")] });
                sources.entry(output).or_default().push(source);
            }
        }
    }
    assert_eq!(sources.len(), 2);
    let parameters = &template().section("Resources")["Operations"]["Properties"]["Parameters"];
    for (parameter, names) in sources {
        assert_eq!(
            parameters[parameter],
            json!({ "Fn::Join": [",", names] }),
            "{parameter}"
        );
    }
}

/// The queues that an alarm on this metric of SQS watches, and the alarms' properties.
fn watched(stack: &Stack, metric: &str) -> (Vec<Value>, Vec<Value>) {
    let alarms = stack.template.resources(ALARM).map(|(_, alarm)| &alarm["Properties"]);
    let of_metric = alarms.filter(|alarm| alarm["Namespace"] == "AWS/SQS" && alarm["MetricName"] == metric);
    of_metric
        .map(|alarm| {
            let dimensions = alarm["Dimensions"].as_array().unwrap();
            assert_eq!((dimensions.len(), &dimensions[0]["Name"]), (1, &json!("QueueName")));
            (dimensions[0]["Value"].clone(), alarm.clone())
        })
        .unzip()
}

#[test]
fn every_dead_letter_raises_an_alarm_that_stands_beside_its_queue() {
    let mut found = 0;
    for stack in stacks() {
        let (queues, alarms) = watched(&stack, "ApproximateNumberOfMessagesVisible");
        let dead: Vec<Value> = stack.queues().iter().map(|(_, dead)| name(dead)).collect();
        assert_eq!(queues, dead, "{}", stack.id);
        for alarm in alarms {
            assert_eq!(
                (&alarm["Threshold"], &alarm["EvaluationPeriods"]),
                (&json!(0), &json!(1))
            );
            found += 1;
        }
    }
    assert!(found > 0);
}

#[test]
fn every_message_that_waits_too_long_raises_an_alarm_that_stands_beside_its_queue() {
    let mut found = 0;
    for stack in stacks() {
        let (queues, alarms) = watched(&stack, "ApproximateAgeOfOldestMessage");
        let sources: Vec<Value> = stack.queues().iter().map(|(queue, _)| name(queue)).collect();
        assert_eq!(queues, sources, "{}", stack.id);
        for ((queue, _), alarm) in stack.queues().iter().zip(alarms) {
            let all: &Value = stack.template.section("Resources");
            let visibility = all[queue]["Properties"]["VisibilityTimeout"].as_u64().unwrap();
            // A message that is retried is not late, and neither is one that was sent with SQS's longest delay.
            let delay = if visibility < 60 { 45 } else { 900 };
            assert!(alarm["Threshold"].as_u64().unwrap() > 3 * visibility + delay, "{queue}");
            assert_eq!(
                (&alarm["Statistic"], &alarm["TreatMissingData"]),
                (&json!("Maximum"), &json!("notBreaching"))
            );
            found += 1;
        }
    }
    assert!(found > 0);
}

/// The functions whose metric of AWS/Lambda each alarm sums or watches.
fn functions_watched(metric: &str) -> BTreeMap<String, Vec<String>> {
    let mut watched: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let alarms = stack("functions.yaml");
    for (id, alarm) in alarms.resources(ALARM) {
        let properties = &alarm["Properties"];
        let sums = items(&properties["Metrics"]).map(|each| &each["MetricStat"]["Metric"]);
        for each in sums.chain([properties]) {
            if each["Namespace"] == "AWS/Lambda" && each["MetricName"] == metric {
                assert_eq!(each["Dimensions"][0]["Name"], "FunctionName");
                let function = string(&each["Dimensions"][0]["Value"]["Ref"]);
                let given = &template().section("Resources")["FunctionAlarms"]["Properties"]["Parameters"][&function];
                assert_eq!(given, &json!({ "Ref": function }), "{id}");
                watched.entry(id.to_owned()).or_default().push(function);
            }
        }
    }
    watched
}

/// The logical ids of the functions that a schedule starts.
fn scheduled() -> Vec<String> {
    let started = functions().into_iter().filter(Function::is_scheduled);
    started.map(|function| function.logical_id).collect()
}

/// The logical ids of the functions that take messages from a queue.
fn workers() -> Vec<String> {
    let mappings = template().resources("AWS::Lambda::EventSourceMapping");
    mappings
        .map(|(_, mapping)| string(&mapping["Properties"]["FunctionName"]["Ref"]))
        .collect()
}

#[test]
fn crashes_and_throttles_of_every_function_that_the_api_does_not_see_raise_an_alarm() {
    let with_url = functions()
        .into_iter()
        .filter(|function| !function.properties["FunctionUrlConfig"].is_null());
    let with_url = with_url.map(|function| function.logical_id);
    let mut unseen: Vec<String> = with_url.chain(workers()).chain(scheduled()).collect();
    unseen.sort();
    assert!(!unseen.is_empty());
    for metric in ["Errors", "Throttles"] {
        let alarms = functions_watched(metric);
        for (id, functions) in &alarms {
            let domain = id.strip_suffix(&format!("Function{metric}")).unwrap();
            assert!(functions.iter().all(|function| function.starts_with(domain)), "{id}");
            // CloudWatch's limit of an alarm.
            assert!(functions.len() <= 10, "{id}");
        }
        let mut watched: Vec<String> = alarms.into_values().flatten().collect();
        watched.sort();
        assert_eq!(watched, unseen, "{metric}");
    }
}

#[test]
fn a_schedule_that_stops_raises_an_alarm() {
    let alarms = functions_watched("Invocations");
    let watched: Vec<String> = alarms.values().flatten().cloned().collect();
    let mut scheduled = scheduled();
    scheduled.sort();
    assert_eq!(watched, scheduled);
    let stack = stack("functions.yaml");
    for id in alarms.keys() {
        let alarm = &stack.section("Resources")[id]["Properties"];
        assert_eq!(alarm["TreatMissingData"], "breaching", "{id}");
        assert_eq!(
            (&alarm["Statistic"], &alarm["Threshold"]),
            (&json!("Sum"), &json!(1)),
            "{id}"
        );
        assert_eq!(alarm["ComparisonOperator"], "LessThanThreshold", "{id}");
    }
}

#[test]
fn what_the_gateway_answers_for_a_function_that_crashed_raises_an_alarm() {
    let stack = stack("functions.yaml");
    let alarms = stack.resources(ALARM).map(|(_, alarm)| &alarm["Properties"]);
    let of_api: Vec<_> = alarms.filter(|alarm| alarm["Namespace"] == "AWS/ApiGateway").collect();
    assert_eq!(of_api.len(), 1);
    assert_eq!(of_api[0]["MetricName"], "5xx");
    assert_eq!(
        of_api[0]["Dimensions"],
        json!([{ "Name": "ApiId", "Value": { "Ref": "Api" } }])
    );
    let given = &template().section("Resources")["FunctionAlarms"]["Properties"]["Parameters"]["Api"];
    assert_eq!(given, &json!({ "Ref": "HttpApi" }));
}

#[test]
fn a_percentile_of_few_samples_raises_no_alarm() {
    let mut found = 0;
    for stack in stacks() {
        for (id, alarm) in stack.template.resources(ALARM) {
            if !alarm["Properties"]["ExtendedStatistic"].is_null() {
                assert_eq!(
                    alarm["Properties"]["EvaluateLowSampleCountPercentile"], "ignore",
                    "{id}"
                );
                found += 1;
            }
        }
    }
    assert!(found > 0);
}

#[test]
fn every_alarm_has_its_row_in_the_guide_for_operators() {
    let page = std::fs::read_to_string(crate::template::root().join("docs/operating.md")).unwrap();
    let (_, section) = page.split_once("\n## Alarms\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let first_cells = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let names: Vec<&str> = first_cells.flat_map(|cell| cell.split('`').step_by(2)).collect();
    // `<Queue>DeadLetters` is the row of every alarm that ends so.
    let is_row = |name: &str, id: &str| match name.rsplit_once('>') {
        Some((_, ending)) => id.ends_with(ending) && id != ending,
        None => name == id,
    };
    for stack in stacks() {
        for (id, _) in stack.template.resources(ALARM) {
            assert!(names.iter().any(|name| is_row(name, id)), "{id} of {}", stack.id);
        }
    }
}

#[test]
fn every_partner_that_can_fail_raises_an_alarm() {
    let operations = stack("operations.yaml");
    let mut watched = Vec::new();
    for (id, alarm) in operations.resources(ALARM) {
        let metrics = items(&alarm["Properties"]["Metrics"]);
        let dimensions = metrics.filter_map(|metric| metric["MetricStat"]["Metric"]["Dimensions"].as_array());
        let partner = |dimensions: &Vec<Value>| {
            let value = |name: &str| {
                dimensions
                    .iter()
                    .find(|each| each["Name"] == name)
                    .map(|each| string(&each["Value"]))
            };
            Some((value("Partner")?, value("Environment")?))
        };
        let named: Vec<_> = dimensions.filter_map(partner).collect();
        if let Some(first) = named.first() {
            assert_eq!(named, [first.clone(), first.clone()], "{id} compares errors and calls");
            watched.push(first.clone());
        }
    }
    let environments = |partner: &model::partner::Partner| {
        let name = partner.name;
        partner
            .environments
            .iter()
            .map(move |each| (name.to_owned(), each.to_string()))
            .collect::<Vec<_>>()
    };
    let mut expected: Vec<_> = model::partner::PARTNERS.iter().flat_map(environments).collect();
    expected.sort();
    watched.sort();
    assert_eq!(watched, expected, "an alarm for each, and no alarm for another partner");
}

#[test]
fn every_alarm_notifies_the_topic() {
    let topic = json!({ "Fn::GetAtt": ["Common", "Outputs.Alarms"] });
    let mut found = 0;
    for stack in stacks() {
        let given = &template().section("Resources")[&stack.id]["Properties"]["Parameters"]["Alarms"];
        for (id, alarm) in stack.template.resources(ALARM) {
            assert_eq!(
                alarm["Properties"]["AlarmActions"],
                json!([{ "Ref": "Alarms" }]),
                "{id}"
            );
            assert_eq!(given, &topic, "{}", stack.id);
            found += 1;
        }
        if stack.id == "Common" {
            assert_eq!(stack.template.resources("AWS::SNS::Topic").next().unwrap().0, "Alarms");
            assert_eq!(stack.output("Alarms"), &json!({ "Ref": "Alarms" }));
        }
    }
    assert!(found > 0);
}

#[test]
fn the_dashboard_is_json() {
    let operations = stack("operations.yaml");
    let (_, dashboard) = operations.resources("AWS::CloudWatch::Dashboard").next().unwrap();
    let body = string(&dashboard["Properties"]["DashboardBody"]["Fn::Sub"][0]);
    let body: Value = serde_json::from_str(&body).unwrap();
    let widgets = body["widgets"].as_array().unwrap();
    let places: BTreeSet<_> = widgets
        .iter()
        .map(|each| (each["x"].to_string(), each["y"].to_string()))
        .collect();
    assert_eq!(places.len(), widgets.len(), "no widget hides another");
    let groups: BTreeSet<_> = functions()
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

/// The stack file of a bucket of documents, and whether each document is closed to readers until it is clean.
const DOCUMENTS: [(&str, bool); 2] = [("funders.yaml", true), ("bqs.yaml", false)];

#[test]
fn guardduty_scans_every_document_and_no_one_else_writes_its_verdict() {
    for (file, is_closed) in DOCUMENTS {
        let stack = stack(file);
        let resource = |id: &str| &stack.section("Resources")[id];
        let on_aws = json!({ "Fn::Equals": [{ "Ref": "EndpointUrl" }, ""] });
        let guard_duty = json!({ "Fn::Equals": [{ "Ref": "DocumentScanner" }, "guardduty"] });
        assert_eq!(
            stack.section("Conditions")["ScannedByGuardDuty"],
            json!({ "Fn::And": [on_aws, guard_duty] }),
            "{file}"
        );
        let plan = resource("DocumentsScanner");
        assert_eq!(plan["Condition"], "ScannedByGuardDuty");
        let properties = json!({
            "Role": { "Fn::GetAtt": ["DocumentsScannerRole", "Arn"] },
            "ProtectedResource": { "S3Bucket": { "BucketName": { "Ref": "Documents" } } },
            "Actions": { "Tagging": { "Status": "ENABLED" } },
        });
        assert_eq!(plan["Properties"], properties, "the whole bucket, with tags");
        let policy = &resource("DocumentsPolicy")["Properties"]["PolicyDocument"]["Statement"];
        let scanned: Vec<&Value> = items(policy)
            .filter_map(|statement| statement.get("Fn::If"))
            .inspect(|choice| {
                assert_eq!(
                    (&choice[0], &choice[2]),
                    (&json!("ScannedByGuardDuty"), &json!({ "Ref": "AWS::NoValue" }))
                )
            })
            .map(|choice| &choice[1])
            .collect();
        let denies = |action: &str| {
            let of = |statement: &&&Value| items(&statement["Action"]).any(|one| one == action);
            let statement = scanned.iter().find(of).unwrap_or_else(|| panic!("{action} in {file}"));
            assert_eq!(
                (&statement["Effect"], &statement["Principal"]),
                (&json!("Deny"), &json!("*"))
            );
            let condition = &statement["Condition"]["StringNotEquals"];
            assert_eq!(
                condition["aws:PrincipalArn"][0],
                json!({ "Fn::GetAtt": ["DocumentsScannerRole", "Arn"] })
            );
            condition.clone()
        };
        for action in ["Put", "Delete"].map(|verb| {
            [
                format!("s3:{verb}ObjectTagging"),
                format!("s3:{verb}ObjectVersionTagging"),
            ]
        }) {
            action.iter().for_each(|action| drop(denies(action)));
        }
        if is_closed {
            let condition = denies("s3:GetObject");
            assert_eq!(
                condition["s3:ExistingObjectTag/GuardDutyMalwareScanStatus"],
                "NO_THREATS_FOUND"
            );
        }
    }
}

#[test]
fn a_stage_other_than_local_scans_documents() {
    let rules = template().section("Rules");
    let assertions: Vec<_> = items(&rules["DocumentsAreScanned"]["Assertions"])
        .map(|one| one["Assert"].clone())
        .collect();
    let is = |parameter: &str, value: &str| json!({ "Fn::Equals": [{ "Ref": parameter }, value] });
    let not = |condition: Value| json!({ "Fn::Not": [condition] });
    assert_eq!(
        assertions,
        [
            json!({ "Fn::Or": [is("Stage", "local"), not(is("DocumentScanner", "none"))] }),
            json!({ "Fn::Or": [not(is("DocumentScanner", "clamd")), not(is("ClamdAddress", ""))] }),
        ]
    );
    assert_eq!(
        template().section("Parameters")["DocumentScanner"]["Default"],
        "guardduty"
    );
}
