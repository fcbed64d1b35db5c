//! Queues, alarms and the dashboard of `infra/stacks`.

use std::collections::{BTreeMap, BTreeSet};

use sam_template::Template;
use serde_json::{Value, json};

use crate::template::{functions, items, members, stack, string, template};

const QUEUE: &str = "AWS::SQS::Queue";
const ALARM: &str = "AWS::CloudWatch::Alarm";

/// A nested stack, by its logical id and its file.
struct Stack {
    id: String,
    template: Template,
}

fn stacks() -> Vec<Stack> {
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

#[test]
fn every_dead_letter_raises_an_alarm_that_stands_beside_its_queue() {
    let mut found = 0;
    for stack in stacks() {
        let alarms = stack.template.resources(ALARM).map(|(_, alarm)| &alarm["Properties"]);
        let of_queues = alarms.filter(|alarm| alarm["Namespace"] == "AWS/SQS");
        let watched: Vec<Value> = of_queues
            .map(|alarm| {
                assert_eq!(alarm["MetricName"], "ApproximateNumberOfMessagesVisible");
                assert_eq!(
                    (&alarm["Threshold"], &alarm["EvaluationPeriods"]),
                    (&json!(0), &json!(1))
                );
                alarm["Dimensions"].clone()
            })
            .collect();
        let dead = stack.queues().into_iter().map(|(_, dead)| dead);
        let expected: Vec<Value> = dead
            .map(|dead| json!([{ "Name": "QueueName", "Value": name(&dead) }]))
            .collect();
        assert_eq!(watched, expected, "{}", stack.id);
        found += watched.len();
    }
    assert!(found > 0);
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
