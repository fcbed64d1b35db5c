//! The state of the stack: rows of its tables, messages in its queues, files in its buckets, calls to the simulated
//! partners.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::leaks::Text;
use crate::stack::Stack;

/// Everything that a request can leave behind or change. Equal states before and after it show that it had no effect.
pub type State = BTreeSet<Text>;

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

    pub async fn state(&self) -> State {
        let tables = self.tables();
        let rows = join_all(tables.iter().map(|table| self.all(table))).await;
        let rows = tables.iter().zip(rows).flat_map(|(table, rows)| texts(table, rows));
        let calls = self.control(http::Method::GET, "/calls", None).await;
        let messages = self.messages().await.into_iter().map(as_sent).collect();
        let others = texts("a queue", messages).chain(texts("the partners", vec![calls]));
        rows.chain(others).chain(self.files().await).collect()
    }
}

/// A message without what changes when a worker receives it.
fn as_sent(mut message: Value) -> Value {
    for name in ["VisibleAt", "IsVisible", "ReceiveCount", "FirstReceiveTimestamp"] {
        message.as_object_mut().unwrap().remove(name);
    }
    message
}

fn texts(place: &str, values: Vec<Value>) -> impl Iterator<Item = Text> {
    values.into_iter().map(move |value| Text {
        place: place.to_owned(),
        text: value.to_string(),
    })
}

fn items(pages: Vec<Value>) -> Vec<Value> {
    let each = pages.into_iter().map(|page| page["Items"].as_array().unwrap().clone());
    each.flatten().collect()
}
