//! A channel that writes messages, a dealer that reads them, and a message.

use runtime::port::store::{self, Item, Key, Store, When, Write, Written};
use runtime::testing::Harness;
use serde_json::{Value, json};

use crate::Env;
use crate::channel::Role;
use crate::testing::channel;

pub const MESSAGES: &str = "/v1/bqs-case/message/case";
pub const CASE: u64 = 455_732;

pub fn message(case: u64, dealer: i64, text: &str) -> Value {
    json!({"case": {"preViewCaseId": case, "dealerNumber": dealer, "userId": text}})
}

/// A channel that writes messages and one that reads those of dealer 976.
pub async fn writer_and_reader(hub: &Harness<Env>) -> (Harness<Env>, Harness<Env>) {
    let writer = channel(hub, "writer", &[Role::MessageWrite], &[]).await;
    let reader = channel(hub, "reader", &[Role::MessageRead], &[976]).await;
    (hub.as_channel(&writer), hub.as_channel(&reader))
}

/// Writes a message.
pub async fn write(writer: &Harness<Env>, case: u64, dealer: i64, text: &str) {
    let got = writer.post(MESSAGES, message(case, dealer, text)).await;
    assert_eq!((got.status, got.text.as_str()), (202, ""), "{}", got.text);
}

/// The path of a list with this query.
pub fn listed(query: &str) -> String {
    format!("{MESSAGES}?{query}")
}

/// The messages of a case from a moment on, and the moment of the next request.
pub async fn read(reader: &Harness<Env>, case: u64, from: Option<&str>) -> (Vec<String>, Option<String>) {
    let from = from.map_or_else(String::new, |from| format!("&from_date={}", from.replace('+', "%2B")));
    let got = reader.get(&listed(&format!("pre_view_case_id={case}{from}"))).await;
    assert_eq!(got.status, 200, "{}", got.text);
    let list = got.json();
    let texts = list["messages"].as_array().unwrap().iter();
    let texts = texts.map(|message| message["userId"].as_str().unwrap().to_owned());
    (texts.collect(), list["latestReceivedDate"].as_str().map(str::to_owned))
}

pub fn rows(hub: &Harness<Env>) -> usize {
    hub.fakes.store.table("cases").len()
}

/// The row of a message with this text.
fn row_of(hub: &Harness<Env>, text: &str) -> Item {
    let text = format!("\"userId\":\"{text}\"");
    let is_wanted = |row: &Item| {
        row.get("content")
            .is_some_and(|content| content.as_s().unwrap().contains(&text))
    };
    hub.fakes.store.table("cases").into_iter().find(is_wanted).unwrap()
}

/// Hides the row of a message, as if its transaction were visible only in part. Returns the write that shows it again.
pub async fn hide(hub: &Harness<Env>, text: &str) -> Write {
    let row = row_of(hub, text);
    let key = Key::of("cases", &row);
    let mut expired = row.clone();
    expired.extend(store::item(&json!({"ttl": 1})).unwrap());
    let put = |item, when| Write {
        key: key.clone(),
        item: Some(item),
        when,
    };
    let received = row["received"].as_s().unwrap();
    let hidden = put(expired, When::text("received", received.clone()));
    assert_eq!(hub.fakes.store.write(vec![hidden]).await.unwrap(), Written::Done);
    put(row, When::Absent)
}
