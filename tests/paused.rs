//! Stops what the stack does by itself.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use http::Method;
use serde_json::{Value, json};

use crate::stack::Stack;

impl Stack {
    /// Runs `test` while no schedule fires and no queue wakes a worker. Only requests then change the state, and what
    /// they send to a queue stays there. A function that runs already goes on.
    pub async fn paused(&self, test: impl Future<Output = ()>) {
        self.run_schedules(false).await;
        self.run_workers(false).await;
        let result = AssertUnwindSafe(test).catch_unwind().await;
        // Other tests need them, also after a failure.
        self.run_workers(true).await;
        self.run_schedules(true).await;
        if let Err(failure) = result {
            resume_unwind(failure);
        }
    }

    /// The rules of the default bus that a clock triggers.
    async fn schedules(&self) -> Vec<Value> {
        let rules = self.service("events", "AWSEvents.ListRules", json!({})).await;
        let mut rules = rules["Rules"].as_array().unwrap().clone();
        rules.retain(|rule| rule["ScheduleExpression"].is_string());
        assert!(!rules.is_empty(), "the stack has schedules");
        rules
    }

    async fn run_schedules(&self, run: bool) {
        let (action, state) = if run {
            ("EnableRule", "ENABLED")
        } else {
            ("DisableRule", "DISABLED")
        };
        for rule in self.schedules().await {
            let name = json!({"Name": rule["Name"]});
            self.service("events", &format!("AWSEvents.{action}"), name).await;
        }
        for rule in self.schedules().await {
            assert_eq!(rule["State"], state, "{rule}");
        }
    }

    async fn run_workers(&self, run: bool) {
        let state = if run { "Enabled" } else { "Disabled" };
        let workers = self.event_sources(Method::GET, "", &Value::Null).await;
        let workers = workers["EventSourceMappings"].as_array().unwrap();
        assert!(!workers.is_empty(), "the stack has workers");
        for worker in workers {
            let id = worker["UUID"].as_str().unwrap();
            let changed = self.event_sources(Method::PUT, id, &json!({"Enabled": run})).await;
            assert_eq!(changed["State"], state, "{changed}");
        }
    }
}
