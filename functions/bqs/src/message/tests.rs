//! Messages, as those who write and read them meet them.

mod kept;
mod read;

use runtime::http;
use serde_json::{Value, json};

use super::{create, list};
use crate::channel::Role;
use crate::house::{Ask, Got, House};

const CREATE: &str = include_str!("../../../../events/bqs-message-create.json");
const LIST: &str = include_str!("../../../../events/bqs-message-list.json");
const CASE: u64 = 455_732;

/// Somebody who writes messages and a dealer who reads them.
struct Post {
    house: House,
    writer: String,
    reader: String,
}

fn message(case: u64, dealer: i64, text: &str) -> Value {
    json!({"case": {"preViewCaseId": case, "dealerNumber": dealer, "userId": text}})
}

impl Post {
    async fn open() -> Self {
        Self::of(House::new()).await
    }

    async fn of(house: House) -> Self {
        Self {
            writer: house.channel("writer", &[Role::MessageWrite], &[]).await,
            reader: house.channel("reader", &[Role::MessageRead], &[976]).await,
            house,
        }
    }

    async fn send(&self, ask: Ask) -> Got {
        let function = http(create::create).once().limit(create::LARGEST);
        self.house.answer(function, ask.0).await
    }

    async fn write(&self, body: &Value) -> Got {
        self.send(Ask::sample(CREATE, &self.writer).body(body)).await
    }

    async fn keep(&self, case: u64, dealer: i64, text: &str) {
        let got = self.write(&message(case, dealer, text)).await;
        assert_eq!((got.status, got.text.as_str()), (202, ""), "{}", got.text);
    }

    async fn ask(&self, key: &str, query: &str) -> Got {
        let ask = Ask::sample(LIST, key).query(query);
        self.house.answer(http(list::list), ask.0).await
    }

    /// The messages of a case from a moment on, and the next moment to ask from.
    async fn read(&self, case: u64, from: Option<&str>) -> (Vec<String>, Option<String>) {
        let from = from.map_or_else(String::new, |from| format!("&from_date={}", from.replace('+', "%2B")));
        let got = self.ask(&self.reader, &format!("pre_view_case_id={case}{from}")).await;
        assert_eq!(got.status, 200, "{}", got.text);
        let texts = got.json()["messages"].as_array().unwrap().iter().map(text).collect();
        (texts, got.json()["latestReceivedDate"].as_str().map(str::to_owned))
    }

    fn rows(&self) -> usize {
        self.house.world.store.table("cases").len()
    }
}

fn text(message: &Value) -> String {
    message["userId"].as_str().unwrap().to_owned()
}
