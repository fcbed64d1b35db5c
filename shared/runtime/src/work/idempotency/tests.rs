//! Which call runs, which gets a stored response, and what a late call can still do.

use super::*;
use crate::port::clock::Clock;
use crate::port::store::Memory;

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(1_767_608_400_000 + millisecond).unwrap()
}

const LEASE: Duration = Duration::from_secs(20);

async fn claim_at(store: &Memory, body: &str, millisecond: i64) -> Result<Claimed> {
    claim(
        store,
        locate("keys", "POST /x", "caller", "key"),
        Fingerprint::of("", body.as_bytes()),
        at(millisecond),
        LEASE,
    )
    .await
}

async fn run(store: &Memory, millisecond: i64) -> Claim {
    match claim_at(store, "{}", millisecond).await {
        Ok(Claimed::Run(claim)) => claim,
        Ok(Claimed::Replay(_)) => panic!("replayed"),
        Err(error) => panic!("{error}"),
    }
}

fn answer(status: StatusCode, body: &str) -> Rendered {
    Rendered {
        body: body.into(),
        ..Rendered::json(status, &()).unwrap()
    }
}

async fn finish(store: &Memory, claim: &Claim, rendered: &Rendered, millisecond: i64) -> Written {
    let write = claim.settle(rendered, at(millisecond)).unwrap().unwrap();
    store.write(vec![write]).await.unwrap()
}

#[tokio::test]
async fn the_answer_is_replayed_to_the_same_body_and_refused_to_another() {
    let store = Memory::default();
    let first = run(&store, 0).await;
    assert_eq!(first.earlier, Earlier::Nothing);
    assert_eq!(
        finish(&store, &first, &answer(StatusCode::CREATED, r#"{"id":1}"#), 10).await,
        Written::Done
    );
    let Ok(Claimed::Replay(replayed)) = claim_at(&store, "{}", 20).await else {
        panic!("not replayed")
    };
    assert_eq!(
        (replayed.status, replayed.body.as_str()),
        (StatusCode::CREATED, r#"{"id":1}"#)
    );
    assert_eq!(replayed.headers.get(REPLAYED).unwrap(), "true");
    let other = claim_at(&store, r#"{"other":1}"#, 30).await.err().unwrap();
    assert_eq!(other.kind, Kind::KeyReused);
}

#[tokio::test]
async fn a_running_call_is_waited_for_and_a_dead_one_is_taken_over() {
    let store = Memory::default();
    let dead = run(&store, 0).await;
    for early in [1, 20_999] {
        let error = claim_at(&store, "{}", early).await.err().unwrap();
        assert_eq!(
            (error.kind, error.retry_after),
            (Kind::InProgress, Some(Duration::from_secs(1)))
        );
    }
    let heir = run(&store, 21_000).await;
    assert_eq!(
        (heir.earlier, heir.subject),
        (Earlier::Unfinished, dead.subject),
        "it finds what the dead one made"
    );
    let late = finish(&store, &dead, &answer(StatusCode::CREATED, "late"), 21_001).await;
    assert!(
        matches!(late, Written::Refused(_)),
        "a call that outlived its lease owns nothing"
    );
    assert_eq!(
        finish(&store, &heir, &answer(StatusCode::CREATED, "heir"), 21_002).await,
        Written::Done
    );
    let late = finish(&store, &dead, &answer(StatusCode::BAD_GATEWAY, "late"), 21_003).await;
    assert!(matches!(late, Written::Refused(_)), "nor can it free the key again");
    let Ok(Claimed::Replay(kept)) = claim_at(&store, "{}", 22_000).await else {
        panic!("not replayed")
    };
    assert_eq!(kept.body, "heir");
}

#[tokio::test]
async fn only_one_takes_over() {
    let store = Memory::default();
    let _dead = run(&store, 0).await;
    let claims = futures_util::future::join_all((0..100).map(|_| claim_at(&store, "{}", 30_000))).await;
    assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);
}

#[tokio::test]
async fn our_failure_frees_the_key_and_the_next_call_starts_afresh() {
    let store = Memory::default();
    let first = run(&store, 0).await;
    assert_eq!(
        finish(&store, &first, &answer(StatusCode::BAD_GATEWAY, "no"), 10).await,
        Written::Done
    );
    let second = run(&store, 20).await;
    assert_eq!(second.earlier, Earlier::Nothing);
    assert_ne!(
        second.subject, first.subject,
        "a failed thing is not made again under its old id"
    );
    second.release_unsettled(&store, at(30)).await;
    assert_eq!(run(&store, 40).await.earlier, Earlier::Nothing);
    run(&store, 50_000).await.release_unsettled(&store, at(50_001)).await;
    let mended = claim_at(&store, r#"{"mended":1}"#, 50_002).await;
    assert!(matches!(mended, Ok(Claimed::Run(_))), "a freed key takes another body");
    assert_eq!(store.table("keys").len(), 1, "records change and are never deleted");
}

#[tokio::test]
async fn a_repeated_acceptance_reruns_the_handler_under_its_first_id() {
    let store = Memory::default();
    let first = run(&store, 0).await;
    assert_eq!(
        finish(&store, &first, &answer(StatusCode::ACCEPTED, "{}"), 10).await,
        Written::Done
    );
    let again = run(&store, 20).await;
    assert_eq!((again.earlier, again.subject), (Earlier::Accepted, first.subject));
    assert!(
        again
            .settle(&answer(StatusCode::CREATED, "{}"), at(30))
            .unwrap()
            .is_none(),
        "and changes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_is_forgotten_after_a_day() {
    let store = Memory::at(Clock::starting(at(0)));
    let first = run(&store, 0).await;
    assert_eq!(
        finish(&store, &first, &answer(StatusCode::CREATED, "{}"), 10).await,
        Written::Done
    );
    tokio::time::advance(Duration::from_secs(86_399)).await;
    assert!(matches!(
        claim_at(&store, "{}", 86_399_000).await,
        Ok(Claimed::Replay(_))
    ));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(run(&store, 86_400_000).await.earlier, Earlier::Nothing);
}

#[test]
fn keys_belong_to_a_caller_and_a_route() {
    let here = locate("keys", "POST /x", "caller", "key");
    for other in [
        ("POST /y", "caller", "key"),
        ("POST /x", "other", "key"),
        ("POST /x", "caller", "k"),
    ] {
        assert_ne!(here, locate("keys", other.0, other.1, other.2));
    }
}

#[test]
fn a_fingerprint_has_the_query_and_the_body() {
    let of = |query, body: &str| Fingerprint::of(query, body.as_bytes());
    let here = of("a=1&b=2", "{}");
    for same in ["b=2&a=1", "a=1&b=%32", "&a=1&b=2"] {
        assert_eq!(here, of(same, "{}"), "{same}");
    }
    for (query, body) in [
        ("a=1&b=3", "{}"),
        ("a=1", "{}"),
        ("a=1&b=2&b=2", "{}"),
        ("a=1%26b=2", "{}"),
        ("a=1&b=2", "{} "),
        ("", "a=1&b=2\n{}"),
    ] {
        assert_ne!(here, of(query, body), "{query} {body}");
    }
}

#[test]
fn a_key_has_a_length_and_can_be_printed() {
    let key_of = |value: &str| {
        let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_str(value).unwrap())]);
        key(&headers)
            .map(|key| key.map(str::to_owned))
            .map_err(|error| error.kind)
    };
    assert_eq!(key_of("k"), Ok(Some("k".into())));
    assert_eq!(key_of(""), Err(Kind::Malformed));
    assert_eq!(key_of("a\tb"), Err(Kind::Malformed));
    assert_eq!(key_of(&"k".repeat(256)), Err(Kind::Malformed));
    assert_eq!(key(&HeaderMap::new()).unwrap(), None);
}
