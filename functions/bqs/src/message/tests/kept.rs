//! What becomes of a message, and of what is none.

use runtime::store::{Outcome, Store};
use serde_json::{Value, json};

use super::{CASE, CREATE, Post, message};
use crate::case::row::Sequence;
use crate::channel::{ChannelRow, Permissions, Role};
use crate::forward::row::UpstreamRow;
use crate::house::{Ask, House};
use crate::message::create;

const SAMPLE: &str = include_str!("../../../fixtures/message.json");

#[tokio::test(start_paused = true)]
async fn the_sample_is_read_as_the_spec_shows_it() {
    let post = Post::open().await;
    let got = post.send(Ask::sample(CREATE, &post.writer).text(SAMPLE)).await;
    assert_eq!((got.status, got.text.as_str()), (202, ""));
    let sample: Value = serde_json::from_str(include_str!("../../../fixtures/message-list.json")).unwrap();
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

async fn upstream() -> (Post, String) {
    let post = Post::of(House::with(&[("BQS_UPSTREAM_CHANNEL", "upstream")])).await;
    let key = post.house.channel("upstream", &[Role::MessageWrite], &[]).await;
    (post, key)
}

async fn claim(post: &Post, number: u64, case: u64) -> bool {
    let (env, now) = (&post.house.env, post.house.clock.now());
    UpstreamRow::claim(env, number, Sequence(case), now).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_upstreams_numbers_become_ours() {
    let (post, upstream) = upstream().await;
    assert!(claim(&post, 9000, 17).await);
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
async fn what_upstream_says_too_early_is_ours_too() {
    let (post, upstream) = upstream().await;
    let say = async |text: &str| {
        let ask = Ask::sample(CREATE, &upstream).body(&message(9000, 976, text));
        assert_eq!(post.send(ask).await.status, 202);
    };
    say("a").await;
    post.keep(9000, 976, "another's").await;
    say("b").await;
    for _ in 0..2 {
        assert!(claim(&post, 9000, 17).await);
        assert_eq!(post.read(17, None).await.0, ["a", "b"]);
    }
    assert!(!claim(&post, 9000, 18).await, "it is another case's");
    say("c").await;
    say("a").await;
    assert_eq!(post.read(17, None).await.0, ["a", "b", "c"]);
    assert!(post.read(18, None).await.0.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_number_that_becomes_known_meanwhile_loses_nothing() {
    for seed in 0..100 {
        let post = Post::of(House::slow_with(seed, &[("BQS_UPSTREAM_CHANNEL", "upstream")])).await;
        let upstream = post.house.channel("upstream", &[Role::MessageWrite], &[]).await;
        let ask = Ask::sample(CREATE, &upstream).body(&message(9000, 976, "a"));
        let (got, claimed) = tokio::join!(post.send(ask), claim(&post, 9000, 17));
        assert_eq!((got.status, claimed), (202, true));
        assert_eq!(post.read(17, None).await.0, ["a"], "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_is_revoked_at_once() {
    let post = Post::open().await;
    let mut row = ChannelRow::load(&post.house.env, "writer").await.unwrap().unwrap();
    row.permissions = Permissions::default();
    let revoked = row.next(post.house.clock.now()).replace(&post.house.env, 1).unwrap();
    assert_eq!(
        post.house.world.store.write(vec![revoked]).await.unwrap(),
        Outcome::Done
    );
    assert_eq!(post.write(&message(CASE, 976, "late")).await.status, 403);
}
