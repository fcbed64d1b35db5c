//! Which messages are stored, in which form, and which requests are refused.

use runtime::port::store::Item;
use runtime::testing::Harness;
use serde_json::{Value, json};

use super::fixtures::{CASE, MESSAGES, listed, message, rows, write, writer_and_reader};
use crate::Env;
use crate::channel::{Permissions, Role};
use crate::message::create::MAX_MESSAGE_BYTES;
use crate::testing::{channel, harness, permit};

const SAMPLE: &str = include_str!("../../../fixtures/message.json");

#[tokio::test(start_paused = true)]
async fn the_sample_is_read_as_the_spec_shows_it() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    let got = writer.post(MESSAGES, SAMPLE).await;
    assert_eq!((got.status, got.text.as_str()), (202, ""));
    let sample: Value = serde_json::from_str(include_str!("../../../fixtures/message-list.json")).unwrap();
    let query = "from_date=2024-03-01T08:20:17.414Z&pre_view_case_id=455732";
    let got = reader.get(&listed(query)).await;
    let mut shown = got.json();
    assert_eq!(shown["latestReceivedDate"], "2026-01-05T11:20:00.000000+01:00");
    shown["latestReceivedDate"] = sample["latestReceivedDate"].clone();
    assert_eq!(shown, sample);
    // The text of the numbers too, which JSON does not distinguish.
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
    let (writer, _) = writer_and_reader(&harness()).await;
    let before = rows(&writer);
    assert_eq!(writer.post(MESSAGES, SAMPLE).await.status, 202);
    assert_eq!(rows(&writer), before + 3);
    let other = channel(&writer, "other", &[Role::MessageWrite], &[]).await;
    let kept = rows(&writer);
    // The same content in another form.
    let same = SAMPLE
        .replace("500.00", "5e2")
        .replace("\"userId\"", "\"UserID\"")
        .replace("2022-01-01T00:00:00Z", "2022-01-01T01:00:00+01:00");
    let other = writer.as_channel(&other);
    for (sender, body) in [(&writer, SAMPLE), (&other, SAMPLE), (&writer, &same)] {
        assert_eq!(sender.post(MESSAGES, body).await.status, 202);
        for _ in 0..2 {
            let again = sender
                .post(MESSAGES, body)
                .key(if body == SAMPLE { "one" } else { "two" });
            assert_eq!(again.await.status, 202);
        }
    }
    assert_eq!(rows(&writer), kept);
    let another = SAMPLE.replace("Open", "Closed");
    assert_eq!(writer.post(MESSAGES, another).await.status, 202);
    assert_eq!(rows(&writer), kept + 2);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_compared_by_its_values() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    let message = |content: &str| format!(r#"{{"case": {{{content}}}}}"#);
    let first = message(
        r#""preViewCaseId": 7, "dealerNumber": 976, "userId": "Jos\u00e9", "more": {"a": 1, "b": [2.50, null]},
        "caseState": {"state": "Open", "stateMessage": "new"}, "caseActivity": [{"activityCode": 1, "weight": 1.0}]"#,
    );
    assert_eq!(writer.post(MESSAGES, &first).await.status, 202);
    let kept = rows(&writer);
    let same = message(
        r#""caseActivity":[{"weight":1,"activityCode":"1"}],"more":{"b":[25e-1,null],"a":1.00},"userId":"José",
        "caseState":{"stateMessage":"n\u0065w","state":"Open"},"dealerNumber":976.0,"preViewCaseId":"7""#,
    );
    for _ in 0..2 {
        assert_eq!(writer.post(MESSAGES, &same).await.status, 202);
        assert_eq!(rows(&writer), kept);
    }
    // What differs is another message.
    for (from, to) in [
        ("2.50", "2.51"),
        ("[2.50, null]", "[null, 2.50]"),
        (r#""a": 1,"#, r#""a": "1","#),
    ] {
        let before = rows(&writer);
        assert_eq!(writer.post(MESSAGES, first.replace(from, to)).await.status, 202);
        assert_eq!(rows(&writer), before + 2, "{from} is not {to}");
    }
    // The first spelling is kept.
    let shown = reader.get(&listed("pre_view_case_id=7")).await;
    assert!(
        shown.text.contains(r#""more":{"a":1,"b":[2.50,null]}"#),
        "{}",
        shown.text
    );
}

#[tokio::test(start_paused = true)]
async fn unknown_members_are_kept() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    let body = r#"{"more": 1, "case": {"preViewCaseId": "7", "dealerNumber": 976, "startDate": null,
        "new": {"Amount": 1.50, "list": [null, "2022-01-01T00:00:00Z"]}, "timestamp": "2026-07-01T12:00:00.25"}}"#;
    assert_eq!(writer.post(MESSAGES, body).await.status, 202);
    let got = reader.get(&listed("pre_view_case_id=7")).await;
    let wanted = r#""messages":[{"preViewCaseId":7,"dealerNumber":976,"startDate":null,"new":{"Amount":1.50,"list":[null,"2022-01-01T00:00:00Z"]},"timestamp":"2026-07-01T12:00:00.250000+02:00"}]"#;
    assert!(got.text.contains(wanted), "{}", got.text);
}

#[tokio::test(start_paused = true)]
async fn the_first_and_the_last_moment_of_dot_net_are_read_again() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    let body = json!({"case": {
        "preViewCaseId": 7,
        "dealerNumber": 976,
        "timestamp": "9999-12-31T23:59:59.9999999",
        "startDate": "0001-01-01T00:00:00",
        "creditApprovalDate": "9999-12-31T23:59:59.9999999Z",
    }});
    write_whole(&writer, &body).await;
    let shown = reader.get(&listed("pre_view_case_id=7")).await.json()["messages"][0].clone();
    assert_eq!(shown["timestamp"], "9999-12-31T23:59:59.9999999+01:00");
    assert_eq!(shown["startDate"], "0001-01-01T00:00:00+00:00");
    assert_eq!(shown["creditApprovalDate"], "9999-12-31T23:59:59.9999999+00:00");
    // What is shown means the same when it is sent again.
    let before = rows(&writer);
    write_whole(&writer, &json!({ "case": shown })).await;
    assert_eq!(rows(&writer), before);
}

async fn write_whole(writer: &Harness<Env>, body: &Value) {
    let got = writer.post(MESSAGES, body).await;
    assert_eq!(got.status, 202, "{}", got.text);
}

#[tokio::test(start_paused = true)]
async fn faults_are_reported_by_path() {
    let (writer, _) = writer_and_reader(&harness()).await;
    let before = rows(&writer);
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
        let got = writer.post(MESSAGES, body).await;
        assert_eq!(got.status, 400, "{body}: {}", got.text);
        let errors = got.json()["errors"].clone();
        assert!(errors[path].is_array(), "{path}: {}", got.text);
    }
    let large = json!({"case": {"preViewCaseId": 1, "dealerNumber": 976, "userId": "x".repeat(MAX_MESSAGE_BYTES)}});
    assert_eq!(writer.post(MESSAGES, &large).await.status, 413);
    assert_eq!(rows(&writer), before);
}

#[tokio::test(start_paused = true)]
async fn only_channels_with_the_role_write_and_read() {
    let (writer, _) = writer_and_reader(&harness()).await;
    write(&writer, CASE, 976, "there").await;
    let before = rows(&writer);
    let everything = listed(&format!("pre_view_case_id={CASE}"));
    let anonymous = writer.anonymous();
    assert_eq!(anonymous.post(MESSAGES, SAMPLE).await.status, 401);
    assert_eq!(anonymous.get(&everything).await.status, 401);
    for role in Role::ALL {
        let key = channel(&writer, role.name(), &[role], &[976]).await;
        let caller = writer.as_channel(&key);
        if role != Role::MessageWrite {
            // The role comes before the body.
            for body in [SAMPLE, "{}"] {
                assert_eq!(caller.post(MESSAGES, body).await.status, 403, "{role:?}");
            }
        }
        let wanted = if role == Role::MessageRead { 200 } else { 403 };
        assert_eq!(caller.get(&everything).await.status, wanted, "{role:?}");
    }
    let messages = |row: &&Item| row["pk"].as_s().unwrap().starts_with("MESSAGES#");
    let rows = writer.fakes.store.table("cases");
    assert_eq!(rows.iter().filter(messages).count(), 3, "{before}");
}

#[tokio::test(start_paused = true)]
async fn a_revocation_takes_effect_at_once() {
    let (writer, _) = writer_and_reader(&harness()).await;
    permit(&writer, "writer", |channel| {
        channel.permissions = Permissions::default()
    })
    .await;
    assert_eq!(writer.post(MESSAGES, message(CASE, 976, "late")).await.status, 403);
}
