//! Messages about cases: many writers at once, and a reader that continues from its cursor.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::lock::Domain::Bqs;
use crate::stack::Stack;

const MESSAGE: &str = "/v1/bqs-case/message/case";
const WRITERS: usize = 8;
const EACH: usize = 10;

/// A case number that no other test uses.
fn case() -> u64 {
    u64::from(uuid::Uuid::new_v4().as_fields().0)
}

fn message(case: u64, dealer: i64, text: &str) -> String {
    json!({"case": {"preViewCaseId": case, "dealerNumber": dealer, "userId": text}}).to_string()
}

struct Reader<'a> {
    stack: &'a Stack,
    key: String,
    case: u64,
    cursor: Option<String>,
    seen: BTreeMap<String, usize>,
}

impl Reader<'_> {
    /// Reads on from the cursor. The message at the cursor comes again and is not counted again.
    async fn read(&mut self) -> Vec<Value> {
        let mut path = format!("{MESSAGE}/?pre_view_case_id={}", self.case);
        if let Some(cursor) = &self.cursor {
            path.push_str(&format!("&from_date={}", cursor.replace('+', "%2B")));
        }
        let got = self.stack.send_with_key(Method::GET, &path, &self.key, None).await;
        assert_eq!(got.status, 200, "{}", got.text);
        let messages = got.json()["messages"].as_array().unwrap().clone();
        let again = usize::from(self.cursor.is_some());
        for message in messages.iter().skip(again) {
            let text = message["userId"].as_str().unwrap().to_owned();
            *self.seen.entry(text).or_default() += 1;
        }
        self.cursor = got.json()["latestReceivedDate"].as_str().map(str::to_owned);
        messages
    }
}

#[tokio::test]
async fn a_reader_sees_each_message_of_eight_writers_one_time() {
    let stack = Stack::shared(&[Bqs]).await;
    let writer = stack.sample_key("vwfs-dk-message-example");
    let (case, key) = (case(), stack.channel(&["message.read"], &[976]).await.key);
    let mut reader = Reader {
        stack: &stack,
        key,
        case,
        cursor: None,
        seen: BTreeMap::new(),
    };
    let write = async |number: usize| {
        for n in 0..EACH {
            let body = message(case, 976, &format!("{number}-{n}"));
            let mut status = 409;
            // The hub answers 409 if other writers were faster each time. The writer then tries again.
            for _ in 0..5 {
                status = stack
                    .send_with_key(Method::POST, MESSAGE, &writer, Some(&body))
                    .await
                    .status;
                if status != 409 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            assert_eq!(status, 202);
        }
    };
    let follow = async {
        for _ in 0..600 {
            reader.read().await;
            if reader.seen.len() == WRITERS * EACH {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::join!(join_all((0..WRITERS).map(write)), follow);
    assert_eq!(reader.seen.len(), WRITERS * EACH);
    assert!(reader.seen.values().all(|times| *times == 1), "{:?}", reader.seen);
    reader.cursor = None;
    assert_eq!(reader.read().await.len(), WRITERS * EACH);
}

/// The stack's settings name the channel of the samples as the upstream's, which numbers its cases by itself.
#[tokio::test]
async fn a_number_of_upstream_is_not_the_hubs_case_of_that_number() {
    let stack = Stack::shared(&[Bqs]).await;
    let upstream = stack.sample_key("vwfs-dk-message-example");
    let writer = stack.channel(&["message.write"], &[]).await.key;
    let key = stack.channel(&["case.write", "message.read"], &[808]).await.key;
    let hub_case = u64::try_from(stack.case(&key, 808).await).unwrap();
    for (case, wanted) in [(hub_case, "bd"), (case(), "abcd")] {
        for (sender, text) in [(&upstream, "a"), (&writer, "b"), (&upstream, "c"), (&writer, "d")] {
            let body = message(case, 808, text);
            let got = stack.send_with_key(Method::POST, MESSAGE, sender, Some(&body)).await;
            assert_eq!(got.status, 202, "{}", got.text);
        }
        let mut reader = Reader {
            stack: &stack,
            key: key.clone(),
            case,
            cursor: None,
            seen: BTreeMap::new(),
        };
        let texts: Vec<String> = reader
            .read()
            .await
            .iter()
            .map(|one| one["userId"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(texts.concat(), wanted, "{case}");
        assert_eq!(reader.read().await.len(), 1, "the cursor is at the last message");
    }
}

#[tokio::test]
async fn dealers_read_their_own_messages() {
    let stack = Stack::shared(&[Bqs]).await;
    let writer = stack.sample_key("vwfs-dk-message-example");
    let case = case();
    for (dealer, text) in [(976, "a"), (977, "b"), (976, "c")] {
        let body = message(case, dealer, text);
        for _ in 0..2 {
            let got = stack.send_with_key(Method::POST, MESSAGE, &writer, Some(&body)).await;
            assert_eq!((got.status, got.text.as_str()), (202, ""));
        }
    }
    for (dealers, wanted) in [(&[976][..], "ac"), (&[977], "b"), (&[976, 977], "abc"), (&[], "")] {
        let key = stack.channel(&["message.read"], dealers).await.key;
        let mut reader = Reader {
            stack: &stack,
            key,
            case,
            cursor: None,
            seen: BTreeMap::new(),
        };
        let texts: Vec<String> = reader
            .read()
            .await
            .iter()
            .map(|one| one["userId"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(texts.concat(), wanted);
        assert_eq!(reader.cursor.is_none(), wanted.is_empty());
    }
}
