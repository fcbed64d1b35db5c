//! What becomes of a message, and that whoever reads on from where they were misses none.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use runtime::clock::Clock;
use runtime::http;
use runtime::store::{Key, Outcome, Store, When, Write};
use runtime::testing::within;
use serde_json::{Value, json};

use super::{create, list};
use crate::channel::{Permissions, Role};
use crate::house::{Ask, Got, House};

const SAMPLE: &str = include_str!("../../fixtures/message.json");
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

#[tokio::test(start_paused = true)]
async fn the_sample_is_read_as_the_spec_shows_it() {
    let post = Post::open().await;
    let got = post.send(Ask::sample(CREATE, &post.writer).text(SAMPLE)).await;
    assert_eq!((got.status, got.text.as_str()), (202, ""));
    let sample: Value = serde_json::from_str(include_str!("../../fixtures/message-list.json")).unwrap();
    let got = post
        .ask(
            &post.reader,
            "from_date=2024-03-01T08:20:17.414Z&pre_view_case_id=455732",
        )
        .await;
    let mut shown = got.json();
    assert_eq!(shown["latestReceivedDate"], "2026-01-05T11:20:00.000000+01:00");
    shown["latestReceivedDate"] = sample["latestReceivedDate"].clone();
    assert_eq!(shown, sample);
    // Numbers to the letter: the same for JSON, and not for those who read text.
    for part in [
        "\"nominalInterestRate\":0.05,",
        "\"monthlyPriceIncludingVat\":500,",
        "\"depositAmountReceived\":1000,",
    ] {
        assert!(got.text.contains(part), "{}", got.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_kept_once() {
    let post = Post::open().await;
    let before = post.rows();
    assert_eq!(
        post.send(Ask::sample(CREATE, &post.writer).text(SAMPLE)).await.status,
        202
    );
    assert_eq!(post.rows(), before + 3);
    let other = post.house.channel("other", &[Role::MessageWrite], &[]).await;
    let kept = post.rows();
    // The same in other words.
    let same = SAMPLE
        .replace("500.00", "5e2")
        .replace("\"userId\"", "\"UserID\"")
        .replace("2022-01-01T00:00:00Z", "2022-01-01T01:00:00+01:00");
    for (key, body) in [(&post.writer, SAMPLE), (&other, SAMPLE), (&post.writer, &same)] {
        let ask = || Ask::sample(CREATE, key).text(body);
        assert_eq!(post.send(ask()).await.status, 202);
        for _ in 0..2 {
            let again = ask().header("idempotency-key", if body == SAMPLE { "one" } else { "two" });
            assert_eq!(post.send(again).await.status, 202);
        }
    }
    assert_eq!(post.rows(), kept);
    assert_eq!(
        post.send(Ask::sample(CREATE, &post.writer).text(&SAMPLE.replace("Open", "Closed")))
            .await
            .status,
        202
    );
    assert_eq!(post.rows(), kept + 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_is_kept() {
    let post = Post::open().await;
    let body = r#"{"more": 1, "case": {"preViewCaseId": "7", "dealerNumber": 976, "startDate": null,
        "new": {"Amount": 1.50, "list": [null, "2022-01-01T00:00:00Z"]}, "timestamp": "2026-07-01T12:00:00.25"}}"#;
    assert_eq!(
        post.send(Ask::sample(CREATE, &post.writer).text(body)).await.status,
        202
    );
    let got = post.ask(&post.reader, "pre_view_case_id=7").await;
    let wanted = r#""messages":[{"preViewCaseId":7,"dealerNumber":976,"startDate":null,"new":{"Amount":1.50,"list":[null,"2022-01-01T00:00:00Z"]},"timestamp":"2026-07-01T12:00:00.25+02:00"}]"#;
    assert!(got.text.contains(wanted), "{}", got.text);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_told_by_path() {
    let post = Post::open().await;
    let before = post.rows();
    let broken = SAMPLE.replace(
        "\"creditApprovalDate\": \"2022-01-01T00:00:00Z\"",
        "\"creditApprovalDate\": \"abc\"",
    );
    for (body, path) in [
        (broken.as_str(), "$.case.creditApprovalDate"),
        ("{}", "$.case"),
        (r#"{"case": {"dealerNumber": 1}}"#, "$.case.preViewCaseId"),
        (r#"{"case": {"preViewCaseId": 1}}"#, "$.case.dealerNumber"),
        (
            r#"{"case": {"preViewCaseId": -1, "dealerNumber": 1}}"#,
            "$.case.preViewCaseId",
        ),
        (
            r#"{"case": {"preViewCaseId": 1.5, "dealerNumber": 1}}"#,
            "$.case.preViewCaseId",
        ),
        (
            r#"{"case": {"preViewCaseId": 1, "dealerNumber": 1, "timestamp": "2022-02-30"}}"#,
            "$.case.timestamp",
        ),
        (
            r#"{"case": {"preViewCaseId": 1, "dealerNumber": 1, "caseActivity": [{"completed": "yes"}]}}"#,
            "$.case.caseActivity[0].completed",
        ),
        (
            r#"{"case": {"preViewCaseId": 1, "dealerNumber": 1, "USERID": "a", "userId": "b"}}"#,
            "$.case.userId",
        ),
        (r#"{"case": "#, "$.case"),
        ("", "$"),
    ] {
        let got = post.send(Ask::sample(CREATE, &post.writer).text(body)).await;
        assert_eq!(got.status, 400, "{body}: {}", got.text);
        let errors = got.json()["errors"].clone();
        assert!(errors[path].is_array(), "{path}: {}", got.text);
    }
    let large = json!({"case": {"preViewCaseId": 1, "dealerNumber": 976, "userId": "x".repeat(create::LARGEST)}});
    assert_eq!(post.write(&large).await.status, 413);
    assert_eq!(post.rows(), before);
}

#[tokio::test(start_paused = true)]
async fn only_those_who_may_write_and_read() {
    let post = Post::open().await;
    post.keep(CASE, 976, "there").await;
    let before = post.rows();
    let everything = format!("pre_view_case_id={CASE}");
    assert_eq!(post.send(Ask::sample(CREATE, "").text(SAMPLE)).await.status, 401);
    assert_eq!(post.ask("", &everything).await.status, 401);
    for role in Role::ALL {
        let key = post.house.channel(role.name(), &[role], &[976]).await;
        if role != Role::MessageWrite {
            // Not even told what is wrong with it.
            for body in [SAMPLE, "{}"] {
                assert_eq!(
                    post.send(Ask::sample(CREATE, &key).text(body)).await.status,
                    403,
                    "{role:?}"
                );
            }
        }
        let got = post.ask(&key, &everything).await;
        assert_eq!(
            got.status,
            if role == Role::MessageRead { 200 } else { 403 },
            "{role:?}"
        );
    }
    let messages = |row: &&runtime::store::Item| row["pk"].as_s().unwrap().starts_with("MESSAGES#");
    let rows = post.house.world.store.table("cases");
    assert_eq!(rows.iter().filter(messages).count(), 3, "{before}");
}

#[tokio::test(start_paused = true)]
async fn dealers_read_their_own() {
    let post = Post::open().await;
    for (dealer, text) in [(1, "a"), (976, "b"), (2, "c"), (976, "d"), (3, "e")] {
        post.keep(CASE, dealer, text).await;
    }
    let (texts, latest) = post.read(CASE, None).await;
    assert_eq!(texts, ["b", "d"]);
    let latest = latest.unwrap();
    assert_eq!(latest, "2026-01-05T11:20:00.000003+01:00");
    assert_eq!(
        post.read(CASE, Some(&latest)).await,
        (vec!["d".to_owned()], Some(latest))
    );
    let none = post.house.channel("none", &[Role::MessageRead], &[]).await;
    for (key, case) in [(&none, CASE), (&post.reader, 1)] {
        let got = post.ask(key, &format!("pre_view_case_id={case}")).await;
        let empty = json!({"preViewCaseId": case, "latestReceivedDate": null, "messages": []});
        assert_eq!((got.status, got.json()), (200, empty));
    }
}

#[tokio::test(start_paused = true)]
async fn a_moment_is_inclusive() {
    let post = Post::open().await;
    post.keep(CASE, 976, "a").await;
    tokio::time::advance(Duration::from_secs(1)).await;
    post.keep(CASE, 976, "b").await;
    let texts = async |from: &str| post.read(CASE, Some(from)).await.0.concat();
    assert_eq!(texts("2026-01-05T10:20:00Z").await, "ab");
    assert_eq!(texts("2026-01-05T10:20:00.000001Z").await, "b");
    assert_eq!(texts("2026-01-05T11:20:01+01:00").await, "b");
    // In a URL that is not escaped a plus sign is a space.
    assert_eq!(texts("2026-01-05T11:20:01 01:00").await, "b");
    assert_eq!(texts("2026-01-05T11:20:01").await, "b");
    assert_eq!(texts("1969-01-01").await, "ab");
    assert_eq!(texts("9000-01-01").await, "");
    let (none, latest) = post.read(CASE, Some("2026-01-05T10:20:01.5Z")).await;
    assert_eq!(
        (none.len(), latest.as_deref()),
        (0, Some("2026-01-05T11:20:01.500000+01:00"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_must_make_sense() {
    let post = Post::open().await;
    for (query, parameter) in [
        ("", "pre_view_case_id"),
        ("from_date=2024-03-01", "pre_view_case_id"),
        ("pre_view_case_id=x", "pre_view_case_id"),
        ("pre_view_case_id=-1", "pre_view_case_id"),
        ("pre_view_case_id=1.5", "pre_view_case_id"),
        ("pre_view_case_id=1&from_date=yesterday", "from_date"),
        ("pre_view_case_id=1&from_date=", "from_date"),
    ] {
        let got = post.ask(&post.reader, query).await;
        assert_eq!(got.status, 400, "{query}: {}", got.text);
        assert!(got.json()["errors"][parameter].is_array(), "{query}: {}", got.text);
        assert!(!got.text.contains("yesterday"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_an_end_and_the_next_goes_on() {
    let post = Post::open().await;
    let text = |n: usize| format!("{n:03}{}", "\"".repeat(120_000));
    for n in 0..25 {
        post.keep(CASE, 976, &text(n)).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    for _ in 0..5 {
        let from = cursor.clone();
        let (texts, next) = post.read(CASE, from.as_deref()).await;
        let sent = serde_json::to_string(&serde_json::to_string(&texts).unwrap()).unwrap();
        assert!(sent.len() < 6 * 1024 * 1024, "{}", sent.len());
        seen.extend(texts.into_iter().skip(usize::from(from.is_some())));
        if next == from {
            break;
        }
        cursor = next;
    }
    assert_eq!(seen, (0..25).map(text).collect::<Vec<_>>());
}

/// Asks again and again from where it was until it has so many, or nothing comes any more.
async fn follow(post: &Post, wanted: usize) -> BTreeMap<String, usize> {
    let (mut seen, mut cursor, mut idle): (BTreeMap<String, usize>, Option<String>, u32) = Default::default();
    while seen.len() < wanted && idle < 400 {
        let (texts, next) = post.read(CASE, cursor.as_deref()).await;
        idle = if next == cursor { idle + 1 } else { 0 };
        let again = usize::from(cursor.is_some());
        for text in texts.into_iter().skip(again) {
            *seen.entry(text).or_default() += 1;
        }
        cursor = next;
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_when_many_write_at_once_with_clocks_that_differ() {
    const WRITERS: i64 = 8;
    const EACH: i64 = 25;
    for seed in 0..4 {
        let post = Post::of(House::slow(seed)).await;
        let write = async |writer: i64| {
            // From four seconds behind to four ahead.
            let skew = SignedDuration::from_secs(writer - WRITERS / 2);
            let clock = Clock::starting(post.house.clock.now().saturating_add(skew).unwrap());
            for n in 0..EACH {
                let body = message(CASE, 976, &format!("{writer}-{n}"));
                let mut left = 5;
                loop {
                    let ask = Ask::sample(CREATE, &post.writer).body(&body);
                    let function = http(create::create).once();
                    let env = std::sync::Arc::clone(&post.house.env);
                    let got = function
                        .answer(env, clock, within(Duration::from_secs(29)), ask.0)
                        .await;
                    left -= 1;
                    match got.status_code {
                        202 => break,
                        409 if left > 0 => {}
                        other => panic!("{other}: {:?}", got.body),
                    }
                }
            }
        };
        let total = usize::try_from(WRITERS * EACH).unwrap();
        let writers = futures_util::future::join_all((0..WRITERS).map(write));
        let (seen, _) = tokio::join!(follow(&post, total), writers);
        assert_eq!(seen.len(), total, "{seed}");
        assert!(seen.values().all(|times| *times == 1), "{seed}: {seen:?}");
        let all = post.read(CASE, None).await.0;
        assert_eq!(all.len(), total);
    }
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_gap_is_not_there_yet() {
    let post = Post::open().await;
    for text in ["a", "b", "c"] {
        post.keep(CASE, 976, text).await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    // As if the second one's transaction were not visible in all its rows.
    let store = &post.house.world.store;
    let second = Key::new("cases", format!("MESSAGES#{CASE}"), Some("1767608401000000"));
    let row = store.get(&second, true).await.unwrap().unwrap();
    let put = |pk: &str| {
        let mut item = row.clone();
        item.extend(runtime::store::item(&json!({"pk": pk})).unwrap());
        let when = When::text("received", "1767608401000000");
        vec![Write {
            key: second.clone(),
            item: Some(item),
            when,
        }]
    };
    assert_eq!(store.write(put("elsewhere")).await.unwrap(), Outcome::Done);
    assert_eq!(post.read(CASE, None).await.0, ["a"]);
    assert!(post.read(CASE, Some("2026-01-05T10:20:00.5Z")).await.0.is_empty());
    assert_eq!(store.write(put(&second.pk)).await.unwrap(), Outcome::Done);
    assert_eq!(post.read(CASE, Some("2026-01-05T10:20:00.5Z")).await.0, ["b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn the_upstreams_numbers_become_ours() {
    let house = House::with(&[("BQS_UPSTREAM_CHANNEL", "upstream")]);
    let post = Post::of(house).await;
    let upstream = post.house.channel("upstream", &[Role::MessageWrite], &[]).await;
    let key = Key::new("cases", "UPSTREAM#9000", Some("UPSTREAM"));
    let row = Write::put(key, &json!({"sequence": 17}), When::Absent).unwrap();
    assert_eq!(post.house.world.store.write(vec![row]).await.unwrap(), Outcome::Done);
    for (writer, case, text) in [
        (&upstream, 9000, "ours"),
        (&upstream, 9001, "its own"),
        (&post.writer, 9000, "another's"),
    ] {
        let ask = Ask::sample(CREATE, writer).body(&message(case, 976, text));
        assert_eq!(post.send(ask).await.status, 202);
    }
    for (case, text) in [(17, "ours"), (9001, "its own"), (9000, "another's")] {
        assert_eq!(post.read(case, None).await.0, [text]);
    }
    let got = post.ask(&post.reader, "pre_view_case_id=17").await;
    assert_eq!(got.json()["messages"][0]["preViewCaseId"], 17);
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_is_revoked_at_once() {
    let post = Post::open().await;
    let mut row = crate::channel::ChannelRow::load(&post.house.env, "writer")
        .await
        .unwrap()
        .unwrap();
    row.permissions = Permissions::default();
    let revoked = row.next(post.house.clock.now()).replace(&post.house.env, 1).unwrap();
    assert_eq!(
        post.house.world.store.write(vec![revoked]).await.unwrap(),
        Outcome::Done
    );
    assert_eq!(post.write(&message(CASE, 976, "late")).await.status, 403);
}
