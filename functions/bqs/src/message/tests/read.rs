//! Which messages a dealer reads, and that a reader that continues from its cursor misses none.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use runtime::port::store::{Store, Written};
use runtime::testing::Harness;
use serde_json::json;

use super::fixtures::{CASE, MESSAGES, hide, listed, message, read, rows, write, writer_and_reader};
use crate::Env;
use crate::channel::Role;
use crate::testing::{channel, harness, slow_harness};

#[tokio::test(start_paused = true)]
async fn dealers_read_their_own() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    for (dealer, text) in [(1, "a"), (976, "b"), (2, "c"), (976, "d"), (3, "e")] {
        write(&writer, CASE, dealer, text).await;
    }
    let (texts, latest) = read(&reader, CASE, None).await;
    assert_eq!(texts, ["b", "d"]);
    let latest = latest.unwrap();
    assert_eq!(latest, "2026-01-05T11:20:00.000003+01:00");
    assert_eq!(
        read(&reader, CASE, Some(&latest)).await,
        (vec!["d".to_owned()], Some(latest))
    );
    let none = channel(&writer, "none", &[Role::MessageRead], &[]).await;
    for (reader, case) in [(writer.as_channel(&none), CASE), (reader, 1)] {
        let got = reader.get(&listed(&format!("pre_view_case_id={case}"))).await;
        let empty = json!({"preViewCaseId": case, "latestReceivedDate": null, "messages": []});
        assert_eq!((got.status, got.json()), (200, empty));
    }
}

#[tokio::test(start_paused = true)]
async fn a_moment_is_inclusive() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    write(&writer, CASE, 976, "a").await;
    tokio::time::advance(Duration::from_secs(1)).await;
    write(&writer, CASE, 976, "b").await;
    let texts = async |from: &str| read(&reader, CASE, Some(from)).await.0.concat();
    assert_eq!(texts("2026-01-05T10:20:00Z").await, "ab");
    assert_eq!(texts("2026-01-05T10:20:00.000001Z").await, "b");
    assert_eq!(texts("2026-01-05T11:20:01+01:00").await, "b");
    // An unescaped plus sign in a URL is a space.
    assert_eq!(texts("2026-01-05T11:20:01 01:00").await, "b");
    assert_eq!(texts("2026-01-05T11:20:01").await, "b");
    assert_eq!(texts("1969-01-01").await, "ab");
    assert_eq!(texts("9000-01-01").await, "");
    let (none, latest) = read(&reader, CASE, Some("2026-01-05T10:20:01.5Z")).await;
    assert_eq!(
        (none.len(), latest.as_deref()),
        (0, Some("2026-01-05T11:20:01.500000+01:00"))
    );
}

#[tokio::test(start_paused = true)]
async fn invalid_parameters_are_refused() {
    let (_, reader) = writer_and_reader(&harness()).await;
    for (query, parameter) in [
        ("", "pre_view_case_id"),
        ("from_date=2024-03-01", "pre_view_case_id"),
        ("pre_view_case_id=x", "pre_view_case_id"),
        ("pre_view_case_id=-1", "pre_view_case_id"),
        ("pre_view_case_id=1.5", "pre_view_case_id"),
        ("pre_view_case_id=1&from_date=yesterday", "from_date"),
        ("pre_view_case_id=1&from_date=", "from_date"),
    ] {
        let got = reader.get(&listed(query)).await;
        assert_eq!(got.status, 400, "{query}: {}", got.text);
        assert!(got.json()["errors"][parameter].is_array(), "{query}: {}", got.text);
        assert!(!got.text.contains("yesterday"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_is_limited_and_the_next_one_continues() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    let text = |n: usize| format!("{n:03}{}", "\"".repeat(120_000));
    for n in 0..25 {
        write(&writer, CASE, 976, &text(n)).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    for _ in 0..5 {
        let from = cursor.clone();
        let (texts, next) = read(&reader, CASE, from.as_deref()).await;
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

/// Reads on from its cursor until it has this many messages, or no more arrive.
async fn follow(reader: &Harness<Env>, wanted: usize) -> BTreeMap<String, usize> {
    let (mut seen, mut cursor, mut idle): (BTreeMap<String, usize>, Option<String>, u32) = Default::default();
    while seen.len() < wanted && idle < 400 {
        let (texts, next) = read(reader, CASE, cursor.as_deref()).await;
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
        let (writer, reader) = writer_and_reader(&slow_harness(seed)).await;
        let write = async |number: i64| {
            // From four seconds behind to four ahead.
            let skew = SignedDuration::from_secs(number - WRITERS / 2);
            let start = writer.now().saturating_add(skew).unwrap();
            let skewed = writer.clone().starting(&start.to_string());
            for n in 0..EACH {
                let body = message(CASE, 976, &format!("{number}-{n}"));
                let mut left = 5;
                loop {
                    let got = skewed.post(MESSAGES, &body).await;
                    left -= 1;
                    match got.status {
                        202 => break,
                        409 if left > 0 => {}
                        other => panic!("{other}: {}", got.text),
                    }
                }
            }
        };
        let total = usize::try_from(WRITERS * EACH).unwrap();
        let writers = join_all((0..WRITERS).map(write));
        let (seen, _) = tokio::join!(follow(&reader, total), writers);
        assert_eq!(seen.len(), total, "{seed}");
        assert!(seen.values().all(|times| *times == 1), "{seed}: {seen:?}");
        let all = read(&reader, CASE, None).await.0;
        assert_eq!(all.len(), total);
    }
}

#[tokio::test(start_paused = true)]
async fn no_message_is_listed_or_stored_after_one_that_is_not_visible_yet() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    for (text, dealer) in [("a", 976), ("b", 976), ("c", 1)] {
        write(&writer, CASE, dealer, text).await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let both = channel(&writer, "both", &[Role::MessageRead], &[1, 976]).await;
    let both = writer.as_channel(&both);
    let show = hide(&writer, "c").await;
    let (texts, cursor) = read(&both, CASE, None).await;
    assert_eq!(texts, ["a", "b"]);
    // Another dealer's message must not go before it: a cursor would pass the one that is hidden.
    let rows_before = rows(&writer);
    assert_eq!(writer.post(MESSAGES, message(CASE, 976, "d")).await.status, 409);
    assert_eq!(rows(&writer), rows_before);
    assert_eq!(writer.fakes.store.write(vec![show]).await.unwrap(), Written::Done);
    write(&writer, CASE, 976, "d").await;
    assert_eq!(read(&both, CASE, cursor.as_deref()).await.0, ["b", "c", "d"]);
    assert_eq!(read(&reader, CASE, cursor.as_deref()).await.0, ["b", "d"]);
}
