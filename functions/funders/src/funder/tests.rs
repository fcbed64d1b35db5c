//! The funders: what is said about them, and testing them.

use std::time::Duration;

use runtime::testing::Play;
use serde_json::{Value, json};

use super::{list, test};
use crate::house::{Got, House, good, sample};

const SANDBOX: &str = r#"{"environment":"SANDBOX"}"#;

async fn funders(house: &House) -> Value {
    let got = house.get(list::list, &house.john(), &[], "").await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.json()
}

async fn probe(house: &House, token: &str, funder: &str, body: &str) -> Got {
    house.post(test::test, token, &[("funderName", funder)], "", body).await
}

#[tokio::test(start_paused = true)]
async fn everybody_is_told_what_each_funder_can_do() {
    let house = House::new();
    let types = json!([
        "PERSONAL_CONTRACT_HIRE",
        "BUSINESS_CONTRACT_HIRE",
        "PERSONAL_CONTRACT_PURCHASE",
        "HIRE_PURCHASE",
        "FINANCE_LEASE",
    ]);
    let unknown = json!([{"name": "SANDBOX", "health": {"connectivity": "unknown", "calls": 0, "failures": 0}}]);
    let funder = |name: &str, words: &str| {
        json!({
            "name": name, "code": name, "displayName": words, "environments": unknown, "quoteTypes": types,
            "proposalTypes": types,
        })
    };
    assert_eq!(
        funders(&house).await,
        json!({
            "success": true,
            "message": "Available funders",
            "data": [funder("LEX", "Lex Autolease"), funder("ALPHABET", "Alphabet")],
        })
    );
    assert_eq!(house.get(list::list, "", &[], "").await.status, 401);
    assert!(house.world.stage.seen().is_empty(), "nobody is called for it");
}

#[tokio::test(start_paused = true)]
async fn an_environment_is_named_where_it_can_be_asked() {
    let live = [
        ("ALLOW_LIVE", "true"),
        ("LEX_LIVE_URL", "http://live.lex.test"),
        ("LEX_LIVE_SECRET", "lex-live"),
        ("ALPHABET_SANDBOX_URL", ""),
    ];
    let house = House::with(&live);
    let said = funders(&house).await;
    let names = |n: usize| -> Vec<String> {
        let each = said["data"][n]["environments"].as_array().unwrap().iter();
        each.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names(0), names(1)), (vec!["SANDBOX".into(), "LIVE".into()], vec![]));
    let closed = House::with(&live[1..3]);
    assert_eq!(
        funders(&closed).await["data"][0]["environments"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn health_is_what_the_last_hours_calls_tell() {
    let house = House::new();
    let health = async || {
        let said = funders(&house).await;
        [0, 1].map(|n| said["data"][n]["environments"][0]["health"].clone())
    };
    house.world.stage.script([Play::answer(422, "{}")], good());
    for funder in partners::FUNDERS {
        house.quote_as(&house.john(), &sample(funder), &[]).await;
    }
    let [lex, alphabet] = health().await;
    assert_eq!(
        (&lex["connectivity"], &lex["calls"], &lex["failures"]),
        (&json!("down"), &json!(1), &json!(1))
    );
    assert_eq!(
        (&alphabet["connectivity"], &alphabet["calls"]),
        (&json!("up"), &json!(3))
    );
    assert_eq!(alphabet["lastSuccessAt"], "2024-12-30T10:20:00Z");
    tokio::time::advance(Duration::from_secs(3601)).await;
    let [lex, alphabet] = health().await;
    assert_eq!(
        (&lex["connectivity"], &alphabet["connectivity"]),
        (&json!("unknown"), &json!("unknown"))
    );
    house.world.store.set_down(true);
    assert_eq!(
        health().await[0]["connectivity"],
        "unknown",
        "a dead log hides no funder"
    );
}

#[tokio::test(start_paused = true)]
async fn a_test_says_what_is_wrong() {
    let silence = Play::Late(Duration::from_secs(60), Box::new(good()));
    for (play, reachable, authenticated, reason) in [
        (Play::answer(200, "{}"), true, true, Value::Null),
        (Play::answer(400, "{}"), true, true, Value::Null),
        (Play::answer(422, "{}"), true, true, Value::Null),
        (Play::answer(401, "{}"), true, false, json!("key")),
        (Play::answer(403, "{}"), true, false, json!("key")),
        (Play::answer(404, "<html>"), true, false, json!("url")),
        (Play::answer(302, ""), true, false, json!("url")),
        (Play::answer(500, ""), true, false, json!("funder")),
        (Play::answer(503, ""), true, false, json!("funder")),
        (Play::answer(429, ""), true, false, json!("funder")),
        (Play::Unreachable, false, false, json!("network")),
        (Play::Reset, false, false, json!("network")),
        (silence, false, false, json!("network")),
    ] {
        for (funder, name) in [("LEX", "Lex Autolease"), ("ALPHABET", "Alphabet")] {
            let house = House::new();
            house.world.stage.script([], play.clone());
            let got = probe(&house, &house.admin(), funder, SANDBOX).await;
            assert_eq!(got.status, 200, "{}", got.text);
            let (said, tested) = (got.json(), got.json()["data"].clone());
            assert_eq!(
                (&tested["reachable"], &tested["authenticated"], &tested["reason"]),
                (&json!(reachable), &json!(authenticated), &reason),
                "{funder} {play:?}"
            );
            assert_eq!(said["message"], format!("{name} was tested"));
            let taken = house.born.elapsed();
            assert!(
                taken < Duration::from_secs(10)
                    && tested["latencyMs"] == json!(u64::try_from(taken.as_millis()).unwrap())
            );
            let refused = reason == json!("key");
            assert_eq!(
                house.calls().len(),
                if refused { 2 } else { 1 },
                "a refused key is fetched afresh once"
            );
            assert!(house.log().iter().all(|row| row.operation == "probe"));
            assert_eq!(house.log().len(), house.calls().len());
            assert!(house.rows().is_empty() && house.world.outbox.sent().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_asks_for_nothing() {
    let house = House::new();
    house.world.stage.script([], Play::answer(422, "{}"));
    for funder in partners::FUNDERS {
        assert_eq!(probe(&house, &house.admin(), funder, SANDBOX).await.status, 200);
    }
    let seen = house.world.stage.seen();
    let sent = seen
        .iter()
        .map(|(_, request)| (request.uri().to_string(), request.body().clone()));
    assert_eq!(
        sent.collect::<Vec<_>>(),
        [
            ("http://lex.test/api/v1/quotes/calculate".into(), "{}".into()),
            ("http://alphabet.test/api/finance/defaults".into(), "{}".into()),
        ]
    );
    assert_eq!(seen[1].1.headers()["x-cw-apikey"], "test-alphabet-key");
}

#[tokio::test(start_paused = true)]
async fn a_test_is_made_once_a_minute_for_each_funder() {
    let house = House::new();
    house.world.stage.script([], Play::Unreachable);
    let admin = house.admin();
    for funder in partners::FUNDERS {
        assert_eq!(probe(&house, &admin, funder, SANDBOX).await.status, 200);
        let again = probe(&house, &admin, funder, SANDBOX).await;
        assert_eq!((again.status, again.header("retry-after")), (429, Some("60")));
    }
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(
        probe(&house, &admin, "LEX", SANDBOX).await.status,
        429,
        "and whoever asks does not prolong it"
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(probe(&house, &admin, "LEX", SANDBOX).await.status, 200);
    assert_eq!(house.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn only_admins_test_and_only_what_there_is() {
    let house = House::new();
    house.world.stage.script([], Play::answer(422, "{}"));
    for (token, status) in [(house.staff(), 403), (house.john(), 403), (String::new(), 401)] {
        for funder in ["LEX", "ACME"] {
            assert_eq!(probe(&house, &token, funder, SANDBOX).await.status, status);
        }
    }
    let admin = house.admin();
    for (funder, body, status) in [
        ("ACME", SANDBOX, 404),
        ("lex", SANDBOX, 404),
        ("..", SANDBOX, 404),
        ("LEX", r#"{"environment":"LIVE"}"#, 422),
        ("LEX", r#"{"environment":"MOON"}"#, 422),
        ("LEX", "{}", 422),
        ("LEX", "", 422),
        ("LEX", "{", 400),
        ("LEX", r#"{"environment":"SANDBOX","funderName":"ALPHABET"}"#, 400),
    ] {
        let got = probe(&house, &admin, funder, body).await;
        assert_eq!(got.status, status, "{funder} {body}: {}", got.text);
    }
    assert!(house.world.stage.seen().is_empty() && house.world.store.table("quotes").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_missing_is_ours_to_mend() {
    let house = House::new();
    house.world.safe.secrets.lock().unwrap().clear();
    let got = probe(&house, &house.admin(), "ALPHABET", SANDBOX).await;
    assert_eq!((got.status, got.code().as_str()), (500, "misconfigured"));
    assert!(house.world.stage.seen().is_empty());
}
