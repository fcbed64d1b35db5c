//! A message lives for a time after its arrival, and what has expired refuses no later one.

use std::time::Duration;

use tokio::time::advance;

use super::fixtures::{CASE, read, rows, write, writer_and_reader};
use crate::retention::Retention;
use crate::testing::harness;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test(start_paused = true)]
async fn messages_expire_one_after_the_other() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    write(&writer, CASE, 976, "a").await;
    advance(DAY * 400).await;
    write(&writer, CASE, 976, "b").await;
    let (texts, cursor) = read(&reader, CASE, None).await;
    assert_eq!(texts, ["a", "b"]);
    advance(DAY * (Retention::DEFAULT_DAYS - 400)).await;
    assert_eq!(read(&reader, CASE, None).await.0, ["b"]);
    write(&writer, CASE, 976, "a").await;
    assert_eq!(
        read(&reader, CASE, None).await.0,
        ["b", "a"],
        "the content may come again"
    );
    assert_eq!(read(&reader, CASE, cursor.as_deref()).await.0, ["b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_number_whose_messages_have_all_expired_takes_the_next_one() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    for text in ["a", "b"] {
        write(&writer, CASE, 976, text).await;
    }
    let (_, cursor) = read(&reader, CASE, None).await;
    advance(DAY * Retention::DEFAULT_DAYS).await;
    // DynamoDB deletes late: the rows are still there.
    assert!(rows(&writer) > 4);
    assert!(read(&reader, CASE, None).await.0.is_empty());
    for text in ["c", "d"] {
        write(&writer, CASE, 976, text).await;
    }
    assert_eq!(read(&reader, CASE, None).await.0, ["c", "d"]);
    assert_eq!(read(&reader, CASE, cursor.as_deref()).await.0, ["c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn the_next_message_is_taken_in_the_very_second_in_which_the_newest_expires() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    write(&writer, CASE, 976, "a").await;
    advance(DAY * Retention::DEFAULT_DAYS - Duration::from_millis(1500)).await;
    for n in 0..30 {
        advance(Duration::from_millis(100)).await;
        write(&writer, CASE, 976, &n.to_string()).await;
    }
    assert_eq!(read(&reader, CASE, None).await.0.len(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_shorter_lifetime_neither_hides_nor_refuses_messages() {
    let (writer, reader) = writer_and_reader(&harness()).await;
    write(&writer, CASE, 976, "a").await;
    let shorter = [("CASE_RETENTION_DAYS", "90")];
    let (writer, reader) = (writer.with(&shorter), reader.with(&shorter));
    write(&writer, CASE, 976, "b").await;
    advance(DAY * 91).await;
    assert_eq!(read(&reader, CASE, None).await.0, ["a", "b"]);
    write(&writer, CASE, 976, "c").await;
    assert_eq!(read(&reader, CASE, None).await.0, ["a", "b", "c"]);
}
