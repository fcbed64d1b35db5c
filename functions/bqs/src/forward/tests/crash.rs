//! A worker that dies before or after each thing it does.

use std::time::Duration;

use super::post::Post;
use crate::forward::row::Why;

const CHANGES: u64 = 4;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What was made, and whether the case is held, when the first worker dies after so many steps and all others live.
async fn run(honours: bool, steps: u32) -> (Option<bool>, Vec<u64>, bool) {
    let post = Post::new(honours);
    let case = post.case(7, CHANGES);
    let wake = format!(r#"{{"sequence":{case}}}"#);
    let first = post.dying(steps).deliver(&wake, 1).await;
    let again = super::post::again(
        super::post::Message {
            due: tokio::time::Instant::now(),
            body: wake,
            deliveries: 0,
        },
        first,
    );
    post.settle(again.into_iter().collect(), HOUR).await;
    let (row, made) = (post.row(case), post.upstream.made(7));
    match &row.held {
        None => assert_eq!(row.forwarded_through, CHANGES, "step {steps}: somebody has to go on"),
        Some(held) => assert_eq!((honours, held.why), (false, Why::Unknown), "step {steps}"),
    }
    (first, made, row.held.is_some())
}

#[tokio::test(start_paused = true)]
async fn whoever_honours_our_keys_has_each_change_once_wherever_a_worker_dies() {
    let (mut steps, all) = (0, (1..=CHANGES).collect::<Vec<_>>());
    loop {
        let (first, made, held) = run(true, steps).await;
        assert_eq!((made, held), (all.clone(), false), "step {steps}");
        if first == Some(true) {
            break;
        }
        steps += 1;
    }
    assert!(steps > 40, "{steps} steps were tried");
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_has_none_twice_and_what_nobody_knows_is_held() {
    let (mut steps, mut holds) = (0, 0);
    let all: Vec<u64> = (1..=CHANGES).collect();
    loop {
        let (first, made, held) = run(false, steps).await;
        assert!(all.starts_with(&made), "step {steps}: {made:?}");
        assert!(held || made == all, "step {steps}: {made:?}");
        holds += u32::from(held);
        if first == Some(true) {
            break;
        }
        steps += 1;
    }
    // Two thirds of the steps or so are not between a sending and its outcome.
    assert!(holds > 10 && holds < steps, "{holds} of {steps}");
}
