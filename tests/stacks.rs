//! Queues, alarms and the dashboard of `infra/stacks`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::template::{functions, items, members, stack, string, template};

const QUEUE: &str = "AWS::SQS::Queue";
const ALARM: &str = "AWS::CloudWatch::Alarm";

/// A queue, and its dead-letter queue by its logical id.
struct Queue {
    /// The logical id of its stack in `template.yaml`.
    stack: String,
    id: String,
    dead_letters: Option<String>,
    /// The outputs of the stack with its name and its URL.
    name: String,
    url: String,
}

fn queues() -> Vec<Queue> {
    let mut queues = Vec::new();
    for (stack, file) in template().nested() {
        let file = file.strip_prefix("infra/stacks/").unwrap();
        let nested = crate::template::stack(file);
        for (id, queue) in nested.resources(QUEUE) {
            let output = |value: Value| {
                let mut outputs = members(nested.section("Outputs"));
                let found = outputs.find(|(_, output)| output["Value"] == value);
                let found = found.unwrap_or_else(|| panic!("{file} has no output for {value}"));
                format!("Outputs.{}", found.0)
            };
            let target = &queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"];
            queues.push(Queue {
                stack: stack.to_owned(),
                id: id.to_owned(),
                dead_letters: target[0].as_str().map(str::to_owned),
                name: output(json!({ "Fn::GetAtt": [id, "QueueName"] })),
                url: output(json!({ "Ref": id })),
            });
        }
    }
    queues
}

/// The queues that messages are sent to, each with its dead-letter queue.
fn pairs(queues: &[Queue]) -> Vec<(&Queue, &Queue)> {
    let dead = |queue: &Queue| {
        let id = queue.dead_letters.clone()?;
        queues.iter().find(|each| each.stack == queue.stack && each.id == id)
    };
    let pairs: Vec<_> = queues.iter().filter_map(|queue| Some((queue, dead(queue)?))).collect();
    assert_eq!(pairs.len() * 2, queues.len(), "every queue has dead letters of its own");
    assert!(!pairs.is_empty());
    pairs
}

/// The list in `template.yaml` for a parameter of the operations stack.
fn listed(parameter: &str) -> Vec<Value> {
    let join = &template().section("Resources")["Operations"]["Properties"]["Parameters"][parameter]["Fn::Join"];
    assert_eq!(join[0], ",");
    items(&join[1]).cloned().collect()
}

fn name(queue: &Queue) -> Value {
    json!({ "Fn::GetAtt": [queue.stack, queue.name] })
}

#[test]
fn every_dead_letter_queue_has_outputs_for_redrive() {
    let queues = queues();
    for (queue, dead) in pairs(&queues) {
        let output = |queue: &Queue| {
            let value = json!({ "Fn::GetAtt": [queue.stack, queue.url] });
            let mut outputs = members(template().section("Outputs"));
            let found = outputs.find(|(_, output)| output["Value"] == value);
            found
                .unwrap_or_else(|| panic!("template.yaml has no output for {value}"))
                .0
        };
        assert!(output(queue).starts_with("Queue"), "{}", queue.id);
        assert_eq!(output(dead), &format!("{}Dlq", output(queue)));
    }
}

#[test]
fn every_queue_is_watched_and_every_dead_letter_raises_an_alarm() {
    let queues = queues();
    let sorted = |mut names: Vec<Value>| {
        names.sort_by_key(Value::to_string);
        names
    };
    let (sources, dead): (Vec<Value>, Vec<Value>) = pairs(&queues)
        .iter()
        .map(|(queue, dead)| (name(queue), name(dead)))
        .unzip();
    assert_eq!(sorted(listed("Queues")), sorted(sources));
    let listed = listed("DeadLetterQueues");
    assert_eq!(sorted(listed.clone()), sorted(dead));
    let operations = stack("operations.yaml");
    let of_queues = |alarm: &&Value| alarm["Properties"]["Namespace"] == "AWS/SQS";
    let mut alarms: Vec<&Value> = operations
        .resources(ALARM)
        .map(|(_, alarm)| alarm)
        .filter(of_queues)
        .collect();
    for (place, queue) in listed.iter().enumerate() {
        let selected = json!({ "Fn::Select": [place, { "Ref": "DeadLetterQueues" }] });
        let dimensions = json!([{ "Name": "QueueName", "Value": selected }]);
        let before = alarms.len();
        alarms.retain(|alarm| alarm["Properties"]["Dimensions"] != dimensions);
        assert_eq!(alarms.len() + 1, before, "an alarm for {queue}");
    }
    assert!(alarms.is_empty(), "{alarms:?}");
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
fn every_alarm_has_an_action() {
    let operations = stack("operations.yaml");
    let mut found = 0;
    for (id, alarm) in operations.resources(ALARM) {
        assert_eq!(
            alarm["Properties"]["AlarmActions"],
            json!([{ "Ref": "Alarms" }]),
            "{id}"
        );
        found += 1;
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
