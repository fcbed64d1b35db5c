//! Messages under upstream's case numbers, before and after a number is linked to a case of the hub.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use model::json::Document;
use runtime::port::store::{Key, Store, When, Write, Written};
use runtime::testing::{Harness, SuspendAt};
use runtime::work::row::Row;

use super::fixtures::{MESSAGES, hide, listed, message, read, write, writer_and_reader};
use crate::Env;
use crate::case::row::{CaseRow, Sequence};
use crate::channel::Role;
use crate::forward::{Linked, UpstreamRow};
use crate::testing::{channel, harness, slow_harness};

/// The upstream channel on this harness.
async fn upstream_channel(hub: Harness<Env>) -> Harness<Env> {
    let hub = hub.with(&[("BQS_UPSTREAM_CHANNEL", "upstream")]);
    let key = channel(&hub, "upstream", &[Role::MessageWrite], &[]).await;
    hub.as_channel(&key)
}

/// Links a number to a case and relinks its messages, as the forwarder does. False if the number is another case's.
async fn claim(hub: &Harness<Env>, number: u64, case: u64) -> bool {
    let (env, case) = (hub.env(), Sequence(case));
    let linked = UpstreamRow::link(&env, number, case, Vec::new(), hub.now())
        .await
        .unwrap();
    UpstreamRow::relink(&env, number, case, hub.now()).await.unwrap();
    linked == Linked::Done
}

/// Stores a case of the hub.
async fn case(hub: &Harness<Env>, number: u64) {
    let document = Document::stored(r#"{"dealer":976}"#).unwrap();
    let row = CaseRow::new(Sequence(number), "dealer", &document, hub.now()).unwrap();
    assert!(row.insert(hub.env().table().unwrap()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_upstreams_numbers_become_the_hubs() {
    let upstream = upstream_channel(harness()).await;
    let (writer, reader) = writer_and_reader(&upstream).await;
    assert!(claim(&upstream, 9000, 17).await);
    write(&upstream, 9000, 976, "ours").await;
    write(&upstream, 9001, 976, "its own").await;
    write(&writer, 9000, 976, "another's").await;
    for (case, text) in [(17, "ours"), (9001, "its own"), (9000, "another's")] {
        assert_eq!(read(&reader, case, None).await.0, [text]);
    }
    let got = reader.get(&listed("pre_view_case_id=17")).await;
    assert_eq!(got.json()["messages"][0]["preViewCaseId"], 17);
}

#[tokio::test(start_paused = true)]
async fn messages_from_before_the_link_are_relinked() {
    let upstream = upstream_channel(harness()).await;
    let (writer, reader) = writer_and_reader(&upstream).await;
    let say = async |text: &str| write(&upstream, 9000, 976, text).await;
    say("a").await;
    write(&writer, 9000, 976, "another's").await;
    say("b").await;
    for _ in 0..2 {
        assert!(claim(&upstream, 9000, 17).await);
        assert_eq!(read(&reader, 17, None).await.0, ["a", "b"]);
    }
    assert!(!claim(&upstream, 9000, 18).await, "it is another case's");
    say("c").await;
    say("a").await;
    assert_eq!(read(&reader, 17, None).await.0, ["a", "b", "c"]);
    assert!(read(&reader, 18, None).await.0.is_empty());
    // They belong to case 17 now.
    assert_eq!(read(&reader, 9000, None).await.0, ["another's"]);
}

#[tokio::test(start_paused = true)]
async fn a_number_of_upstream_is_not_the_hubs_case_of_that_number() {
    let upstream = upstream_channel(harness()).await;
    let (writer, reader) = writer_and_reader(&upstream).await;
    for number in [75, 18] {
        case(&upstream, number).await;
    }
    // The same content is another message.
    for text in ["75", "both"] {
        write(&writer, 75, 976, &format!("hub {text}").replace("hub both", "both")).await;
        write(
            &upstream,
            75,
            976,
            &format!("upstream {text}").replace("upstream both", "both"),
        )
        .await;
    }
    let of = async |case| read(&reader, case, None).await.0;
    assert_eq!(of(75).await, ["hub 75", "both"]);
    // The hub's 75 can be upstream's 9000, and upstream's 75 the hub's 18.
    assert!(claim(&upstream, 9000, 75).await && claim(&upstream, 75, 18).await);
    write(&upstream, 9000, 976, "of the hub's 75").await;
    write(&upstream, 75, 976, "of the hub's 18").await;
    assert_eq!(of(75).await, ["hub 75", "both", "of the hub's 75"]);
    assert_eq!(of(18).await, ["upstream 75", "both", "of the hub's 18"]);
}

#[tokio::test(start_paused = true)]
async fn both_numbers_of_a_case_can_be_equal() {
    let upstream = upstream_channel(harness()).await;
    let (_, reader) = writer_and_reader(&upstream).await;
    write(&upstream, 75, 976, "a").await;
    assert_eq!(read(&reader, 75, None).await.0, ["a"]);
    case(&upstream, 75).await;
    assert!(read(&reader, 75, None).await.0.is_empty());
    for _ in 0..2 {
        assert!(claim(&upstream, 75, 75).await);
        assert_eq!(read(&reader, 75, None).await.0, ["a"]);
    }
}

/// The writers' clocks differ by ten seconds.
#[tokio::test(start_paused = true)]
async fn a_number_without_a_case_lists_both_by_arrival_until_the_hub_has_the_case() {
    let upstream = upstream_channel(harness()).await;
    let (writer, reader) = writer_and_reader(&upstream).await;
    let stranger = channel(&upstream, "stranger", &[Role::MessageRead], &[1]).await;
    let stranger = upstream.as_channel(&stranger);
    let late = upstream.now().checked_add(Duration::from_secs(10)).unwrap();
    let writer = writer.starting(&late.to_string());
    let mut cursor: Option<String> = None;
    let mut seen = Vec::new();
    for n in 0..6 {
        let (sender, text) = if n % 2 == 0 {
            (&writer, "hub")
        } else {
            (&upstream, "upstream")
        };
        write(sender, 455_732, 976, &format!("{text} {n}")).await;
        let (texts, next) = read(&reader, 455_732, cursor.as_deref()).await;
        seen.extend(texts.into_iter().skip(usize::from(cursor.is_some())));
        cursor = next;
    }
    let all = ["hub 0", "upstream 1", "hub 2", "upstream 3", "hub 4", "upstream 5"];
    assert_eq!(seen, all);
    assert_eq!(read(&reader, 455_732, None).await.0, all);
    assert!(read(&stranger, 455_732, None).await.0.is_empty());
    case(&upstream, 455_732).await;
    write(&upstream, 455_732, 976, "upstream 6").await;
    write(&writer, 455_732, 976, "hub 7").await;
    assert_eq!(
        read(&reader, 455_732, None).await.0,
        ["hub 0", "hub 2", "hub 4", "hub 7"]
    );
    assert_eq!(read(&reader, 455_732, cursor.as_deref()).await.0, ["hub 7"]);
}

/// A relinked message arrives at its case when it is relinked, so a cursor does not pass it.
#[tokio::test(start_paused = true)]
async fn a_cursor_does_not_pass_messages_that_are_relinked_later() {
    let upstream = upstream_channel(harness()).await;
    let (writer, reader) = writer_and_reader(&upstream).await;
    case(&upstream, 17).await;
    for (dealer, text) in [(976, "a"), (1, "foreign"), (976, "b")] {
        write(&upstream, 9000, dealer, text).await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    write(&writer, 17, 976, "c").await;
    let (texts, cursor) = read(&reader, 17, None).await;
    assert_eq!(texts, ["c"]);
    assert!(claim(&upstream, 9000, 17).await);
    assert_eq!(read(&reader, 17, cursor.as_deref()).await.0, ["c", "a", "b"]);
    let both = channel(&upstream, "both", &[Role::MessageRead], &[1, 976]).await;
    assert_eq!(
        read(&upstream.as_channel(&both), 17, None).await.0,
        ["c", "a", "foreign", "b"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_link_during_a_write_loses_no_message() {
    for seed in 0..100 {
        let upstream = upstream_channel(slow_harness(seed)).await;
        let (_, reader) = writer_and_reader(&upstream).await;
        let sent = upstream.post(MESSAGES, message(9000, 976, "a")).into_future();
        let (got, claimed) = tokio::join!(sent, claim(&upstream, 9000, 17));
        assert_eq!((got.status, claimed), (202, true));
        assert_eq!(read(&reader, 17, None).await.0, ["a"], "{seed}");
    }
}

/// Suspends the writer, or the one who links, at each step, while the other one does all its work.
#[tokio::test(start_paused = true)]
async fn a_link_between_any_two_steps_of_a_write_loses_no_message_and_the_other_way_round() {
    for writes_first in [true, false] {
        let mut suspended = 0;
        for step in 0..60 {
            let upstream = upstream_channel(harness()).await;
            let (_, reader) = writer_and_reader(&upstream).await;
            write(&upstream, 9000, 976, "a").await;
            let suspend = Arc::new(SuspendAt::new(step));
            let slow = upstream.faulty(suspend.clone());
            let send = async |hub: &Harness<Env>| write(hub, 9000, 976, "b").await;
            let link = async |hub: &Harness<Env>| assert!(claim(hub, 9000, 17).await);
            let first = async {
                if writes_first {
                    send(&slow).await;
                } else {
                    link(&slow).await;
                }
                tokio::time::Instant::now()
            };
            let second = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if writes_first {
                    link(&upstream).await;
                } else {
                    send(&upstream).await;
                }
                let done = tokio::time::Instant::now();
                suspend.resume();
                done
            };
            let (first, second) = tokio::join!(first, second);
            suspended += u32::from(first >= second);
            let mut texts = read(&reader, 17, None).await.0;
            texts.sort();
            assert_eq!(texts, ["a", "b"], "{writes_first} {step}");
            assert!(read(&reader, 9000, None).await.0.is_empty(), "{writes_first} {step}");
        }
        assert!((8..60).contains(&suspended), "{suspended} steps");
    }
}

/// The message's transaction was before the link, and its rows become visible while the link relinks.
#[tokio::test(start_paused = true)]
async fn a_message_that_becomes_visible_during_a_link_is_relinked() {
    let mut tried = 0;
    for step in 0..40 {
        let upstream = upstream_channel(harness()).await;
        let (_, reader) = writer_and_reader(&upstream).await;
        let store = &upstream.fakes.store;
        let key = Key::new("cases", "MESSAGES#9000", Some("HEAD"));
        let head = async || store.get(&key, true).await.unwrap();
        write(&upstream, 9000, 976, "a").await;
        let before = head().await;
        write(&upstream, 9000, 976, "b").await;
        let (after, show) = (head().await, hide(&upstream, "b").await);
        let put = |item, number| Write {
            key: key.clone(),
            item,
            when: When::number("number", number),
        };
        assert_eq!(store.write(vec![put(before, 2)]).await.unwrap(), Written::Done);
        let suspend = Arc::new(SuspendAt::new(step));
        let slow = upstream.faulty(suspend.clone());
        let appear = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let link = UpstreamRow::load(upstream.env().table().unwrap(), &9000).await.unwrap();
            assert_eq!(store.write(vec![put(after, 1), show]).await.unwrap(), Written::Done);
            suspend.resume();
            !link.is_some_and(|link| link.relinked)
        };
        let (claimed, in_time) = tokio::join!(claim(&slow, 9000, 17), appear);
        assert!(claimed);
        if in_time {
            assert_eq!(read(&reader, 17, None).await.0, ["a", "b"], "step {step}");
            tried += 1;
        }
    }
    assert!((8..40).contains(&tried), "{tried} steps");
}

/// A message under upstream's number, or at the case.
#[tokio::test(start_paused = true)]
async fn a_link_waits_for_a_message_that_is_not_visible_yet() {
    for number in [9000, 17] {
        let upstream = upstream_channel(harness()).await;
        let (writer, reader) = writer_and_reader(&upstream).await;
        write(&upstream, 9000, 976, "a").await;
        let sender = if number == 17 { &writer } else { &upstream };
        write(sender, number, 976, "b").await;
        let show = hide(&upstream, "b").await;
        let appear = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(upstream.fakes.store.write(vec![show]).await.unwrap(), Written::Done);
        };
        let (claimed, ()) = tokio::join!(claim(&upstream, 9000, 17), appear);
        assert!(claimed);
        let mut texts = read(&reader, 17, None).await.0;
        texts.sort();
        assert_eq!(texts, ["a", "b"], "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_crashes_anywhere_loses_no_message_and_is_completed_by_the_next_one() {
    let (mut steps, mut done) = (0, false);
    while !done {
        let upstream = upstream_channel(harness()).await;
        let (_, reader) = writer_and_reader(&upstream).await;
        case(&upstream, 17).await;
        for text in ["a", "b", "c"] {
            write(&upstream, 9000, 976, text).await;
        }
        let instance = upstream.crash_after(steps);
        let first = tokio::time::timeout(Duration::from_secs(60), claim(&instance, 9000, 17)).await;
        done = first.is_ok();
        // A message arrives before the next attempt.
        write(&upstream, 9000, 976, "d").await;
        let mut readable = read(&reader, 9000, None).await.0;
        readable.extend(read(&reader, 17, None).await.0);
        for text in ["a", "b", "c", "d"] {
            assert!(readable.iter().any(|one| one == text), "step {steps}: {readable:?}");
        }
        assert!(claim(&upstream, 9000, 17).await, "step {steps}");
        let mut texts = read(&reader, 17, None).await.0;
        texts.retain(|text| text != "d");
        assert_eq!(texts, ["a", "b", "c"], "step {steps}");
        assert_eq!(read(&reader, 17, None).await.0.len(), 4, "step {steps}");
        assert!(read(&reader, 9000, None).await.0.is_empty(), "step {steps}");
        steps += 1;
    }
    assert!(steps > 20, "{steps} steps were tried");
}
