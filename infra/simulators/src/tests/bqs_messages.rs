//! BQS's messages to the hub.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Simulators;
use super::bqs::{case, settings};
use super::webhook::receiver;

/// Waits for `count` sent messages and returns all of them.
fn sent_messages(simulators: &Simulators, count: usize) -> Vec<Value> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let sent = simulators.control("bqs/state/messages").as_array().unwrap().clone();
        if sent.len() >= count {
            return sent;
        }
        assert!(Instant::now() < end, "{sent:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_score_and_a_consent_each_send_a_message() {
    let simulators = Simulators::start();
    let (url, served) = receiver(vec![202, 202, 202]);
    settings(
        &simulators,
        &json!({ "messages": { "url": url, "apiKey": "bqs.key", "after": 1 } }),
    );
    let mut both = case();
    (both["startScoring"], both["startConsent"]) = (json!(true), json!(true));
    let sequence = simulators.bqs("POST", "case", "", &both).json()["sequence"].clone();
    let path = format!("case/{sequence}/score-customer");
    simulators.bqs("POST", &path, "", &json!({ "organizationNumber": "70" }));
    let sent = sent_messages(&simulators, 3);
    let received = served.join().unwrap();
    for (message, received) in sent.iter().zip(&received) {
        assert_eq!(message["body"], serde_json::from_str::<Value>(&received.body).unwrap());
        assert!(received.head.contains("x-api-key: bqs.key"), "{}", received.head);
        assert_eq!(message["deliveries"][0]["status"], 202);
    }
    let case = &sent[0]["body"]["case"];
    assert_eq!(
        (&case["preViewCaseId"], &case["externalCaseId"]),
        (&sequence, &json!("EC1"))
    );
    assert_eq!(
        (&case["dealerNumber"], &case["caseActivity"][0]["completed"]),
        (&json!(730), &json!(true))
    );
    let states: Vec<_> = sent
        .iter()
        .map(|message| message["body"]["case"]["caseState"]["state"].clone())
        .collect();
    assert_eq!(states, ["Approved", "Consented", "Declined"]);
}

#[test]
fn a_message_is_retried_until_it_is_accepted_and_sent_as_often_as_set() {
    let simulators = Simulators::start();
    let (url, served) = receiver(vec![503, 202, 202]);
    let target = json!({ "url": url, "apiKey": "k", "after": 1, "times": 2 });
    settings(&simulators, &json!({ "messages": target }));
    let mut case = case();
    case["startConsent"] = json!(true);
    simulators.bqs("POST", "case", "7.1", &case);
    // A replay sends no message.
    simulators.bqs("POST", "case", "7.1", &case);
    let sent = sent_messages(&simulators, 1);
    let statuses: Vec<_> = sent[0]["deliveries"]
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
    assert_eq!(simulators.control("bqs/state/messages").as_array().unwrap().len(), 1);
}
