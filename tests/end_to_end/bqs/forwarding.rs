//! Cases on their way upstream while workers are killed: each change is made once and in order, or held, and never made
//! twice.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use http::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::upstream::changes;
use crate::lock::Domain::Bqs;
use crate::stack::{HubResponse, Stack};

/// The number of cases. `TRUNKLINE_FORWARD` sets another number.
const CASES: usize = 10;
/// One worker is killed for this many cases, and two workers at least.
const CASES_PER_KILL: usize = 20;
const AT_ONCE: usize = 10;
const DEALER: i64 = 808;
const FUNCTION: &str = "bqs-forward";
/// The creation and the three changes that follow it.
const CHANGES: usize = 4;

fn cases() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a run by hand may take longer")]
    let given = std::env::var("TRUNKLINE_FORWARD").ok();
    given.map_or(CASES, |given| given.parse().unwrap())
}

/// Makes the upstream answer late, so that a killed worker has a call open.
async fn slow_upstream(stack: &Stack, honours: bool) {
    stack.control(Method::DELETE, "/bqs/state/cases", None).await;
    // Instances that earlier tests left are idle, and to kill one of them tests nothing.
    for idle in workers(&stack.text(&format!("/functions/{FUNCTION}"))) {
        let _ended = kill_process(idle, Signal::KILL);
    }
    let settings = json!({"honoursKeys": honours});
    stack.control(Method::PUT, "/bqs/state/settings", Some(settings)).await;
    let slow = json!([{"served": true, "delay": 300, "times": 1_000_000}]);
    for operation in ["create", "update", "score", "consent"] {
        stack.script(&format!("bqs/{operation}"), slow.clone()).await;
    }
}

/// Makes cases with changes of every kind.
async fn submit(stack: &Stack, number: usize) -> Vec<i64> {
    let key = stack.channel(&["case.write", "case.read"], &[DEALER]).await.key;
    let one = async |_| {
        let case = stack.case(&key, DEALER).await;
        let organization = json!({"organizationNumber": "76198268", "email": "a@example.com"}).to_string();
        let path = format!("/v1/bqs-case/case/{case}");
        let update = json!({"calculation": {"duration": 12}}).to_string();
        for (method, path, body, status) in [
            (Method::PUT, path.clone(), &update, 200),
            (Method::POST, format!("{path}/score-customer"), &organization, 202),
            (Method::POST, format!("{path}/business-consent"), &organization, 202),
        ] {
            let got = stack.send_with_key(method, &path, &key, Some(body)).await;
            assert_eq!(got.status, status, "{path}: {}", got.text);
        }
        case
    };
    stream::iter(0..number)
        .map(one)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// The processes that run the function.
fn workers(name: &str) -> Vec<Pid> {
    let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={name}");
    let all = fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let runs = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|line| line == wanted.as_bytes())
    };
    pids.filter(runs).filter_map(Pid::from_raw).collect()
}

/// Kills one of them, as the kernel or a failing host would.
fn kill(name: &str, turn: usize) -> bool {
    let workers = workers(name);
    let victim = workers.get(turn % workers.len().max(1));
    victim.is_some_and(|pid| kill_process(*pid, Signal::KILL).is_ok())
}

/// The keys of the changes that the upstream made, by the hub's case.
async fn made(stack: &Stack) -> BTreeMap<i64, Vec<String>> {
    let mut made: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let cases = stack.control(Method::GET, "/bqs/state/cases", None).await;
    for case in cases.as_object().unwrap().values() {
        for change in case["changes"].as_array().unwrap() {
            let key = change["key"].as_str().unwrap().to_owned();
            let case = key.split_once('.').unwrap().0.parse().unwrap();
            made.entry(case).or_default().push(key);
        }
    }
    made
}

/// The number of the change at which a case is held.
async fn held(stack: &Stack, case: i64) -> Option<i64> {
    let request = json!({
        "TableName": stack.table("cases"), "ConsistentRead": true,
        "Key": {"pk": {"S": format!("CASE#{case}")}, "sk": {"S": "FORWARD"}},
    });
    let row = stack.service("dynamodb", "DynamoDB_20120810.GetItem", request).await;
    let n = row.pointer("/Item/held/M/n/N")?.as_str()?;
    Some(n.parse().unwrap())
}

fn all(case: i64) -> Vec<String> {
    (1..=CHANGES).map(|n| format!("{case}.{n}")).collect()
}

/// Kills workers until every case is done or held. Returns the held cases.
async fn settle(stack: &Stack, cases: &[i64]) -> BTreeMap<i64, i64> {
    let name = stack.text(&format!("/functions/{FUNCTION}"));
    let (each, began) = (CASES_PER_KILL.min(cases.len().div_ceil(2)), Instant::now());
    let kills = cases.len().div_ceil(each);
    let (mut killed, mut turn, mut open, mut holds) = (0, 0, cases.to_vec(), BTreeMap::new());
    while !open.is_empty() {
        assert!(
            began.elapsed() < Duration::from_secs(1200),
            "{} cases make no progress: {open:?}",
            open.len()
        );
        turn += 1;
        tokio::time::sleep(Duration::from_millis(350)).await;
        // Two workers at the beginning, the others at intervals.
        if killed < kills.min(2 + (cases.len() - open.len()) / each) {
            killed += usize::from(kill(&name, turn));
        }
        if turn % 8 != 0 {
            continue;
        }
        let made = made(stack).await;
        let mut left = Vec::new();
        for case in open {
            if made.get(&case).is_some_and(|keys| keys.len() >= CHANGES) {
                continue;
            }
            match held(stack, case).await {
                Some(n) => drop(holds.insert(case, n)),
                None => left.push(case),
            }
        }
        open = left;
        // A killed worker's message would come back in three minutes.
        if turn % 40 == 0 {
            for case in &open {
                stack.enqueue("bqsForward", &json!({"sequence": case})).await;
            }
        }
    }
    assert!(killed >= kills, "{killed} of {kills} were killed");
    holds
}

#[tokio::test]
async fn an_upstream_that_honours_keys_makes_each_change_once_and_in_order() {
    let stack = Stack::exclusive(&[Bqs]).await;
    slow_upstream(&stack, true).await;
    let cases = submit(&stack, cases()).await;
    let holds = settle(&stack, &cases).await;
    assert!(holds.is_empty(), "{holds:?}");
    let made = made(&stack).await;
    for case in cases {
        assert_eq!(made[&case], all(case));
    }
}

#[tokio::test]
async fn an_upstream_that_ignores_keys_makes_no_change_twice_and_some_are_held() {
    let stack = Stack::exclusive(&[Bqs]).await;
    slow_upstream(&stack, false).await;
    let setting = ("BQS_UPSTREAM_IDEMPOTENT", "false");
    let before = stack.configure(FUNCTION, &[setting]).await;
    // One response is lost, whichever worker is killed.
    let lost = json!([{"served": true, "reset": true}, {"served": true, "delay": 300, "times": 1_000_000}]);
    stack.script("bqs/update", lost).await;
    let cases = submit(&stack, cases()).await;
    let holds = settle(&stack, &cases).await;
    stack.restore(FUNCTION, &before).await;
    let settings = json!({"honoursKeys": true});
    stack.control(Method::PUT, "/bqs/state/settings", Some(settings)).await;
    let made = made(&stack).await;
    for case in &cases {
        let (keys, wanted) = (made.get(case).cloned().unwrap_or_default(), all(*case));
        assert!(wanted.starts_with(&keys), "{keys:?}");
        match holds.get(case) {
            None => assert_eq!(keys, wanted),
            Some(n) => assert!(
                [keys.len(), keys.len() + 1].contains(&usize::try_from(*n).unwrap()),
                "{n}: {keys:?}"
            ),
        }
    }
    assert!(
        !holds.is_empty() && holds.len() < cases.len(),
        "{} of {} are held",
        holds.len(),
        cases.len()
    );
}

#[tokio::test]
async fn an_operator_resends_a_held_change() {
    let stack = Stack::exclusive(&[Bqs]).await;
    slow_upstream(&stack, true).await;
    let refusal = json!([{"status": 422, "body": {"title": "No", "status": 422}}]);
    stack.script("bqs/update", refusal).await;
    let case = submit(&stack, 1).await[0];
    for _ in 0..600 {
        if held(&stack, case).await.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(held(&stack, case).await, Some(2));
    let decision = json!({"n": 2, "does": "send", "by": "a test"});
    stack
        .enqueue("bqsForward", &json!({"sequence": case, "decision": decision}))
        .await;
    let made = changes(&stack, case, CHANGES).await;
    let keys: Vec<_> = made
        .iter()
        .map(|change| change["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys, all(case));
}

#[tokio::test]
async fn a_message_from_bqs_arrives_at_its_case() {
    let stack = Stack::exclusive(&[Bqs]).await;
    slow_upstream(&stack, true).await;
    // The stack's settings name this channel as the upstream's.
    let sender = stack.sample_key("vwfs-dk-message-example");
    let url = format!("{}/v1/bqs-case/message/case", stack.base_url());
    let settings = json!({"honoursKeys": true, "messages": {"url": url, "apiKey": sender, "after": 2000, "times": 2}});
    stack.control(Method::PUT, "/bqs/state/settings", Some(settings)).await;
    let roles = ["case.write", "case.read", "message.read"];
    let key = stack.channel(&roles, &[DEALER]).await.key;
    let case = stack.case(&key, DEALER).await;
    let path = format!("/v1/bqs-case/message/case?pre_view_case_id={case}&from_date=2024-01-01T00:00:00Z");
    let has_messages = |got: &HubResponse| got.json()["messages"][0].is_object();
    let mut got = stack.send_with_key(Method::GET, &path, &key, None).await;
    for _ in 0..600 {
        if has_messages(&got) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        got = stack.send_with_key(Method::GET, &path, &key, None).await;
    }
    let messages = got.json()["messages"].as_array().unwrap().clone();
    // The sample case requests the customer's consent.
    assert_eq!(messages.len(), 1, "{}", got.text);
    assert_eq!(messages[0]["caseState"]["state"], "Consented");
    let silent = json!({"honoursKeys": true});
    stack.control(Method::PUT, "/bqs/state/settings", Some(silent)).await;
}
