//! What an operator can do about a change that is held.

use std::time::Duration;

use runtime::store;
use serde_json::{Value, json};

use super::post::Post;
use super::upstream::Does::{Fails, Loses, Well};
use super::upstream::How::{Reset, Says};
use super::upstream::Upstream;
use crate::case::row::Sequence;
use crate::forward::row::UpstreamRow;

async fn decide(post: &Post, case: Sequence, mut decision: Value) {
    decision["by"] = json!("op");
    let wake = json!({"sequence": case, "decision": decision}).to_string();
    assert_eq!(post.deliver(&wake, 1).await, Some(true));
    post.settle(Vec::new(), Duration::from_secs(120)).await;
}

#[tokio::test(start_paused = true)]
async fn what_upstream_does_not_have_is_sent() {
    let post = Post::new(false);
    let case = post.case(7, 3);
    post.upstream.script([Well, Fails(Reset)]);
    post.wake(case).await;
    for other in [1, 3] {
        decide(&post, case, json!({"n": other, "does": "send"})).await;
        assert_eq!(post.row(case).held.unwrap().n, 2, "a decision is about one change");
    }
    decide(&post, case, json!({"n": 2, "does": "send"})).await;
    // Twice is once.
    decide(&post, case, json!({"n": 2, "does": "send"})).await;
    assert_eq!(post.upstream.made(7), [1, 2, 3]);
    let kept = post.rows(case, "DECISION#");
    assert_eq!(kept.len(), 1);
    let kept: Value = store::typed(kept[0].clone()).unwrap();
    assert_eq!(
        (&kept["by"], &kept["n"], &kept["does"]),
        (&json!("op"), &json!(2), &json!("send"))
    );
    assert_eq!(kept["held"], "reset");
}

#[tokio::test(start_paused = true)]
async fn what_upstream_has_or_shall_not_have_is_skipped() {
    let post = Post::new(false);
    let case = post.case(7, 3);
    post.upstream.script([Well, Loses(Reset)]);
    post.wake(case).await;
    decide(&post, case, json!({"n": 2, "does": "skip"})).await;
    assert_eq!(post.upstream.made(7), [1, 2, 3]);
    let refused = post.case(8, 3);
    post.upstream.script([Well, Fails(Says(422, ""))]);
    post.wake(refused).await;
    decide(&post, refused, json!({"n": 2, "does": "skip"})).await;
    assert_eq!(post.upstream.made(8), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_is_upstream_is_skipped_with_its_number() {
    let post = Post::new(false);
    let case = post.case(7, 2);
    post.upstream.script([Loses(Says(502, "<html>"))]);
    post.wake(case).await;
    decide(
        &post,
        case,
        json!({"n": 1, "does": "skip", "upstream": Upstream::number(7)}),
    )
    .await;
    assert_eq!(post.upstream.made(7), [1, 2]);
    let found = UpstreamRow::load(&post.env, Upstream::number(7)).await.unwrap();
    assert_eq!(found.unwrap().sequence, case);

    let lost = post.case(8, 2);
    post.upstream.script([Fails(Says(422, ""))]);
    post.wake(lost).await;
    decide(&post, lost, json!({"n": 1, "does": "skip"})).await;
    let held = post.row(lost).held.unwrap();
    assert_eq!(
        (held.n, held.reason.as_str()),
        (2, "Upstream does not have the case itself.")
    );
    assert!(post.upstream.made(8).is_empty());
}
