//! Reads log groups of the emulator. It speaks CloudWatch Logs' protocol itself, because the AWS command line takes a
//! second for each call.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aws::ACCESS_KEY;
use crate::failure::{Context, Result};
use crate::http;
use crate::stack;

/// The emulator's maximum.
const PAGE_SIZE: usize = 10_000;
/// A line may arrive so much later, in milliseconds, than one with a later time.
const REORDERING: i64 = 5_000;
/// The emulator fails if a list grows while it reads the list.
const TRIES: u32 = 5;
const RETRY_DELAY: Duration = Duration::from_millis(100);

#[derive(Clone, Debug)]
pub struct Event {
    /// In milliseconds.
    pub at: i64,
    pub message: String,
}

pub struct Source {
    emulator: String,
    authorization: String,
    /// The time of the first line to read, in milliseconds.
    begin: i64,
    seen: Seen,
}

/// The events that were returned, with their times. The emulator gives events no ids, but each invocation has a stream of its
/// own, so a line is known by its stream and its text.
#[derive(Default)]
struct Seen(BTreeMap<String, i64>);

impl Source {
    pub fn new(dir: &Path, begin: Timestamp) -> Result<Self> {
        let region = stack::member(dir, "region")?;
        // The emulator reads the access key and does not check the signature.
        let scope = format!("{ACCESS_KEY}/20260101/{region}/logs/aws4_request");
        Ok(Self {
            emulator: stack::member(dir, "emulatorUrl")?,
            authorization: format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
            begin: begin.as_millisecond(),
            seen: Seen::default(),
        })
    }

    /// The events that have arrived since the last call, in the order of time.
    pub fn poll(&mut self) -> Result<Vec<Event>> {
        let groups = self.call("DescribeLogGroups", &json!({"logGroupNamePrefix": "/trunkline/"}))?;
        let mut events = Vec::new();
        for group in array(&groups, "logGroups") {
            let name = group.get("logGroupName").context("a log group has no name")?;
            events.extend(self.read(name)?);
        }
        events.sort_by_key(|event| event.at);
        if let Some(last) = events.last() {
            self.begin = self.begin.max(last.at - REORDERING);
            self.seen.forget_before(self.begin);
        }
        Ok(events)
    }

    fn read(&mut self, group: &Value) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut from = self.begin;
        loop {
            let request = json!({"logGroupName": group, "limit": PAGE_SIZE, "startTime": from});
            let page = self.call("FilterLogEvents", &request)?;
            let page = array(&page, "events");
            let last = page.last().and_then(|event| event.get("timestamp")?.as_i64());
            events.extend(page.iter().filter_map(|event| self.seen.new_event(event)));
            // The emulator has no pages, so the next request begins at the last event.
            match last.filter(|last| page.len() == PAGE_SIZE && *last > from) {
                Some(last) => from = last,
                None => return Ok(events),
            }
        }
    }

    fn call(&self, operation: &str, body: &Value) -> Result<Value> {
        let target = format!("Logs_20140328.{operation}");
        let headers = [
            ("x-amz-target", target.as_str()),
            ("authorization", &self.authorization),
        ];
        let mut tries = 1;
        loop {
            match http::post(&self.emulator, &headers, body) {
                Err(_) if tries < TRIES => thread::sleep(RETRY_DELAY),
                answer => return answer,
            }
            tries += 1;
        }
    }
}

impl Seen {
    /// The event, unless it was returned before.
    fn new_event(&mut self, event: &Value) -> Option<Event> {
        let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
        let at = event.get("timestamp")?.as_i64()?;
        let message = text("message")?;
        let known_by = format!("{} {message}", text("logStreamName")?);
        let is_new = self.0.insert(known_by, at).is_none();
        is_new.then_some(Event { at, message })
    }

    fn forget_before(&mut self, time: i64) {
        self.0.retain(|_, at| *at >= time);
    }
}

fn array<'a>(of: &'a Value, member: &str) -> &'a [Value] {
    of.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_returned_once_also_if_it_is_read_again() {
        let mut seen = Seen::default();
        let event = |stream: &str, at: i64| json!({"timestamp": at, "message": "x", "logStreamName": stream});
        assert!(seen.new_event(&event("a", 1)).is_some());
        assert!(seen.new_event(&event("a", 1)).is_none());
        assert!(seen.new_event(&event("b", 1)).is_some());
        seen.forget_before(1);
        assert!(seen.new_event(&event("b", 1)).is_none());
        seen.forget_before(2);
        assert!(seen.0.is_empty());
    }
}
