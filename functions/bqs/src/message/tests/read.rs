//! Who reads what, from when on, and that whoever reads on from where they were misses none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use runtime::clock::Clock;
use runtime::http;
use runtime::store::{Key, Outcome, Store, When, Write};
use runtime::testing::within;
use serde_json::json;

use super::{CASE, CREATE, Post, message};
use crate::channel::Role;
use crate::house::{Ask, House};
use crate::message::create;

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
                    let env = Arc::clone(&post.house.env);
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
        let writers = join_all((0..WRITERS).map(write));
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
