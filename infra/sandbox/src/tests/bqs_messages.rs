//! What BQS tells the hub.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Sandbox;
use super::bqs::{case, settings};
use super::webhook::receiver;

/// The messages told, once there are as many.
fn told(sandbox: &Sandbox, count: usize) -> Vec<Value> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let told = sandbox.control("bqs/state/messages").as_array().unwrap().clone();
        if told.len() >= count {
            return told;
        }
        assert!(Instant::now() < end, "{told:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_score_and_a_consent_are_told_once_they_are_done() {
    let sandbox = Sandbox::start();
    let (url, served) = receiver(vec![202, 202, 202]);
    settings(
        &sandbox,
        &json!({ "messages": { "url": url, "apiKey": "bqs.key", "after": 1 } }),
    );
    let mut both = case();
    (both["startScoring"], both["startConsent"]) = (json!(true), json!(true));
    let sequence = sandbox.bqs("POST", "case", "", &both).json()["sequence"].clone();
    let path = format!("case/{sequence}/score-customer");
    sandbox.bqs("POST", &path, "", &json!({ "organizationNumber": "70" }));
    let told = told(&sandbox, 3);
    let received = served.join().unwrap();
    for (told, received) in told.iter().zip(&received) {
        assert_eq!(told["body"], serde_json::from_str::<Value>(&received.body).unwrap());
        assert!(received.head.contains("x-api-key: bqs.key"), "{}", received.head);
        assert_eq!(told["deliveries"][0]["status"], 202);
    }
    let sent = &told[0]["body"]["case"];
    assert_eq!(
        (&sent["preViewCaseId"], &sent["externalCaseId"]),
        (&sequence, &json!("EC1"))
    );
    assert_eq!(
        (&sent["dealerNumber"], &sent["caseActivity"][0]["completed"]),
        (&json!(730), &json!(true))
    );
    let states: Vec<_> = told
        .iter()
        .map(|told| told["body"]["case"]["caseState"]["state"].clone())
        .collect();
    assert_eq!(states, ["Approved", "Consented", "Declined"]);
}

#[test]
fn a_message_is_told_until_it_is_taken_and_as_often_as_wanted() {
    let sandbox = Sandbox::start();
    let (url, served) = receiver(vec![503, 202, 202]);
    let receipt = json!({ "url": url, "apiKey": "k", "after": 1, "times": 2 });
    settings(&sandbox, &json!({ "messages": receipt }));
    let mut case = case();
    case["startConsent"] = json!(true);
    sandbox.bqs("POST", "case", "7.1", &case);
    // A replay is no news.
    sandbox.bqs("POST", "case", "7.1", &case);
    let told = told(&sandbox, 1);
    let statuses: Vec<_> = told[0]["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["status"].clone())
        .collect();
    assert_eq!(statuses, [503, 202, 202]);
    let bodies: Vec<_> = served
        .join()
        .unwrap()
        .into_iter()
        .map(|received| received.body)
        .collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(sandbox.control("bqs/state/messages").as_array().unwrap().len(), 1);
}
