//! The state of the stack: rows of its tables, messages in its queues, calls to the simulated partners.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::stack::Stack;

/// Equal states before and after a request show that the request had no effect.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    rows: Vec<(String, i64)>,
    waiting: Vec<(String, i64)>,
    calls: Value,
}

impl Stack {
    pub fn table(&self, name: &str) -> String {
        self.text(&format!("/tables/{name}"))
    }

    /// Every page of a scan.
    async fn scan(&self, table: &str, mut request: Value) -> Vec<Value> {
        request["TableName"] = self.table(table).into();
        let mut pages = Vec::new();
        loop {
            let page = self
                .service("dynamodb", "DynamoDB_20120810.Scan", request.clone())
                .await;
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
            pages.push(page);
            if request["ExclusiveStartKey"].is_null() {
                return pages;
            }
        }
    }

    pub async fn count(&self, table: &str) -> i64 {
        let pages = self.scan(table, json!({"Select": "COUNT"})).await;
        pages.iter().map(|page| page["Count"].as_i64().unwrap()).sum()
    }

    /// All rows of a table.
    pub async fn all(&self, table: &str) -> Vec<Value> {
        items(self.scan(table, json!({})).await)
    }

    /// The rows of a table whose member has this text.
    pub async fn rows(&self, table: &str, member: &str, value: &str) -> Vec<Value> {
        let filter = json!({
            "FilterExpression": "#m = :v",
            "ExpressionAttributeNames": {"#m": member}, "ExpressionAttributeValues": {":v": {"S": value}},
        });
        items(self.scan(table, filter).await)
    }

    /// Repeats [`Self::rows`] until the rows are as wanted.
    pub async fn rows_until(&self, table: &str, member: &str, value: &str, wanted: impl Fn(&[Value]) -> bool) {
        for _ in 0..120 {
            if wanted(&self.rows(table, member, value).await) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{table}: {:?}", self.rows(table, member, value).await)
    }

    fn names(&self, member: &str) -> Vec<String> {
        self.description[member].as_object().unwrap().keys().cloned().collect()
    }

    pub fn tables(&self) -> Vec<String> {
        self.names("tables")
    }

    pub fn queues(&self) -> Vec<String> {
        self.names("queues")
    }

    /// Messages of a queue, delayed and in flight included.
    pub async fn depth(&self, queue: &str) -> i64 {
        let request = json!({"QueueUrl": self.queue_url(queue), "AttributeNames": ["All"]});
        let got = self.service("sqs", "AmazonSQS.GetQueueAttributes", request).await;
        let kinds = ["", "Delayed", "NotVisible"];
        let depth = kinds.map(|kind| {
            let count = &got["Attributes"][format!("ApproximateNumberOfMessages{kind}")];
            count.as_str().unwrap().parse::<i64>().unwrap()
        });
        depth.iter().sum()
    }

    /// Asserts that `send` changes neither the state nor `seen`. A schedule or a worker may change something in between,
    /// so the assertion holds if one attempt of three changes nothing.
    pub async fn assert_unchanged(&self, seen: impl AsyncFn() -> String, send: impl AsyncFn()) {
        for last in [false, false, true] {
            let before = (self.state().await, seen().await);
            send().await;
            let after = (self.state().await, seen().await);
            if before == after {
                return;
            }
            assert!(!last, "{before:?}\n{after:?}");
        }
    }

    pub async fn state(&self) -> State {
        let (tables, queues) = (self.tables(), self.queues());
        let rows = join_all(tables.iter().map(|table| self.count(table))).await;
        let waiting = join_all(queues.iter().map(|queue| self.depth(queue))).await;
        State {
            rows: tables.into_iter().zip(rows).collect(),
            waiting: queues.into_iter().zip(waiting).collect(),
            calls: self.control(http::Method::GET, "/calls", None).await,
        }
    }
}

fn items(pages: Vec<Value>) -> Vec<Value> {
    let each = pages.into_iter().map(|page| page["Items"].as_array().unwrap().clone());
    each.flatten().collect()
}
