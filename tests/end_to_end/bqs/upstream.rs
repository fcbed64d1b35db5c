//! The simulated BQS upstream, and the forwarder that sends it changes.

use std::collections::BTreeSet;
use std::time::Duration;

use runtime::port::clock::Clock;
use serde_json::Value;

use crate::stack::Stack;

/// The changes that the upstream made to the hub's case `case`, once it has made `count` of them.
pub async fn changes(stack: &Stack, case: i64, count: usize) -> Vec<Value> {
    let prefix = format!("{case}.");
    let of_case = |cases: &Value| {
        let mut cases = cases.as_object().unwrap().values();
        let case = cases.find(|case| case["changes"][0]["key"].as_str().unwrap().starts_with(&prefix));
        case.map_or_else(Vec::new, |case| case["changes"].as_array().unwrap().clone())
    };
    let wanted = |cases: &Value| of_case(cases).len() >= count;
    of_case(&stack.control_until("/bqs/state/cases", wanted).await)
}

/// All rows of the domain, once the forwarder is idle: it has no message and no lease, and two reads of the rows are equal. It
/// is woken 5 seconds after each change.
pub async fn settled_rows(stack: &Stack) -> BTreeSet<String> {
    let mut before = BTreeSet::new();
    for _ in 0..1_000 {
        if stack.depth("bqsForward").await == 0 {
            let rows = [stack.all("cases").await, stack.all("channels").await].concat();
            // A killed worker's lease stays in the row until it ends.
            let now = Clock::System.now().as_millisecond();
            let until = |row: &Value| row["leasedUntil"]["N"].as_str()?.parse::<i64>().ok();
            let leased = rows.iter().filter_map(until).any(|until| until > now);
            let rows: BTreeSet<String> = rows.iter().map(Value::to_string).collect();
            if !leased && rows == before {
                return rows;
            }
            before = rows;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    panic!("the forwarder does not become idle")
}
