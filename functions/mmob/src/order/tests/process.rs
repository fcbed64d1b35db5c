//! What becomes of an order, whatever MMOB and its provider do.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use model::order::{OrderStatus, Outcome};
use runtime::testing::{Fate, Mortal};
use runtime::{Domain, signature};
use serde_json::{Value, json};

use super::house::House;
use super::web::Does::{self, Fails, Loses, Unreachable};
use super::web::How::{Reset, Says, Silent, Waits};
use crate::order::{Manual, Step};
use crate::product::Fulfilment;

/// A house with an order that has been looked at once.
async fn worked(fulfilment: Option<Fulfilment>, prepare: impl FnOnce(&House)) -> (House, bool) {
    let house = House::new(fulfilment);
    prepare(&house);
    assert_eq!(house.place().await, 200);
    let done = house.work().await;
    (house, done)
}

/// Lets the queue do its work for a minute.
async fn minute(house: &House) {
    for _ in 0..60 {
        house.pass(1).await;
        house.work().await;
    }
}

fn told(house: &House) -> Vec<(String, Value)> {
    house.web.books().told.clone()
}

#[tokio::test(start_paused = true)]
async fn an_order_is_fetched_whole_and_told_once() {
    let (house, done) = worked(House::auto(&["last_name"]), |_| {}).await;
    assert!(done);
    let row = house.row();
    assert_eq!(
        (row.status, row.step, row.attempts, row.late),
        (OrderStatus::Succesful, Step::Told, 1, false)
    );
    assert_eq!(told(&house), [("Succesful".into(), json!({}))]);
    let mut asked = house.web.books().asked.clone();
    assert_eq!(asked.pop().unwrap(), (Method::POST, "/orders/po_1".into()));
    let mut paths: Vec<String> = asked.into_iter().map(|(_, path)| path).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "/orders/po_1",
            "/products/prod_1",
            "/products/prod_1/pricing/price_1",
            "/users"
        ]
    );
    assert_eq!(house.count("log"), 5, "each is in the log");
    minute(&house).await;
    assert_eq!(told(&house).len(), 1);
    assert!(house.sqs.messages().is_empty() && house.sqs.dead().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_personal_is_kept_nowhere() {
    let (house, done) = worked(House::callback(), |_| {}).await;
    assert!(done);
    for table in ["mmob", "log"] {
        let stored = format!("{:?}", house.world.store.table(table));
        for canary in ["Nichols", "Lisa", "123456789", "1980-01-01", "N1 1AA", "canary"] {
            assert!(!stored.contains(canary), "{canary} in {table}");
        }
    }
    let sent = house.web.books().requests[0].body().clone();
    let sent = String::from_utf8(sent.to_vec()).unwrap();
    assert!(
        sent.contains("Nichols") && !sent.contains("canary") && !sent.contains("1980"),
        "{sent}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_asked_for() {
    for (input, missing) in [
        (json!({}), "last_name, appointment"),
        (json!({"last_name": "", "appointment": " "}), "last_name, appointment"),
        (json!({"last_name": "N", "appointment": null}), "appointment"),
        (json!({"appointment": 7}), "last_name"),
    ] {
        let (house, done) = worked(House::auto(&["last_name", "appointment"]), |house| {
            house.web.books().order.insert("input".into(), input);
        })
        .await;
        assert!(done);
        assert_eq!(
            told(&house),
            [("Need_more_info".into(), json!({"required_fields": missing}))]
        );
        assert_eq!(
            (house.row().status, house.row().step),
            (OrderStatus::NeedMoreInfo, Step::Told)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_decides_over_a_signed_call() {
    for (answer, status, output) in [
        (json!({"status": "Succesful"}), "Succesful", json!({})),
        (
            json!({"status": "Successful", "output": {"a": "b"}}),
            "Succesful",
            json!({"a": "b"}),
        ),
        (
            json!({"status": "Need_more_info", "requiredFields": ["a", "b"]}),
            "Need_more_info",
            json!({"required_fields": "a, b"}),
        ),
        (
            json!({"status": "Failed", "output": {"error": "PBX Over capacity"}}),
            "Failed",
            json!({"error": "PBX Over capacity"}),
        ),
    ] {
        let (house, done) = worked(House::callback(), |house| house.web.books().answers = vec![answer]).await;
        assert!(done);
        assert_eq!(told(&house), [(status.into(), output)]);
        let books = house.web.books();
        assert_eq!((books.requests.len(), books.forged), (1, 0));
        assert_eq!(books.requests[0].headers()[signature::ID], "po_1");
        let sent: Value = serde_json::from_slice(books.requests[0].body()).unwrap();
        assert_eq!(sent["type"], "order.placed");
        assert_eq!(sent["data"]["order"]["input"]["last_name"], "Nichols");
        assert_eq!(
            sent["data"]["pricing"],
            json!({"id": "price_1", "currency": "GBP", "amount": 3999})
        );
        assert_eq!(sent["data"]["product"]["id"], "prod_1");
        assert_eq!(sent["data"]["user"]["id"], "tus_1");
    }
}

#[tokio::test(start_paused = true)]
async fn another_round_has_another_id() {
    let (house, _) = worked(House::callback(), |house| {
        let more = json!({"status": "Need_more_info", "requiredFields": ["appointment"]});
        house.web.books().answers = vec![more, json!({"status": "Succesful"})];
    })
    .await;
    house.web.books().order["input"]["appointment"] = "tomorrow".into();
    assert_eq!(house.place().await, 200);
    house.pass(10).await;
    assert!(house.work().await);
    assert_eq!(house.web.status(), "Succesful");
    let books = house.web.books();
    let ids: Vec<_> = books
        .requests
        .iter()
        .map(|request| request.headers()[signature::ID].clone())
        .collect();
    assert_eq!(ids, ["po_1", "po_1:2"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_fulfilled_by_itself_is_an_operators() {
    for (fulfilment, why) in [
        (None, Manual::UnknownProduct),
        (Some(Fulfilment::Manual), Manual::ByHand),
    ] {
        let (house, done) = worked(fulfilment, |_| {}).await;
        assert!(done, "and its message is done with");
        let row = house.row();
        assert_eq!(
            (row.status, row.step, row.manual),
            (OrderStatus::Pending, Step::Received, Some(why))
        );
        assert!(told(&house).is_empty());
        house.change(|row| row.resolve(Outcome::failed("sold out"), house.clock.now()).unwrap());
        house.deliver(house.env(None), r#"{"id":"po_1"}"#).await;
        assert_eq!(told(&house), [("Failed".into(), json!({"error": "sold out"}))]);
        let refused = house.row().resolve(Outcome::succesful([].into()), house.clock.now());
        assert!(refused.is_err(), "what is final stays");
    }
}

fn failures() -> Vec<Does> {
    let hows = [
        Reset,
        Silent,
        Says(500, ""),
        Says(502, "<html>"),
        Says(503, ""),
        Says(200, "<html>"),
        Says(200, "{"),
        Says(404, "<html>"),
        Says(302, ""),
    ];
    let each = hows.into_iter().flat_map(|how| [Fails(how.clone()), Loses(how)]);
    each.chain([
        Unreachable,
        Fails(Waits(429, "2")),
        Fails(Says(429, "")),
        Fails(Says(404, "")),
        Fails(Says(422, "{}")),
    ])
    .collect()
}

#[tokio::test(start_paused = true)]
async fn whatever_mmob_does_the_order_is_told_within_the_minute() {
    for failure in failures() {
        for request in 0..6 {
            let script = |house: &House| {
                let well = std::iter::repeat_n(Does::Well, request);
                house.web.market(well.chain([failure.clone(), failure.clone()]));
            };
            let (house, _) = worked(House::callback(), script).await;
            minute(&house).await;
            let row = house.row();
            assert_eq!(
                (row.step, row.status, row.manual),
                (Step::Told, OrderStatus::Succesful, None),
                "{failure:?} {request}"
            );
            assert_eq!(house.web.books().effects[&1].len(), 1);
            assert_eq!(
                house.web.books().deliveries[&1],
                1,
                "MMOB's trouble is not the provider's: {failure:?}"
            );
            assert!(told(&house).iter().all(|(status, _)| status == "Succesful"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_a_provider_does_is_an_answer_or_a_question_put_again_or_an_operators() {
    let again = [
        Reset,
        Silent,
        Says(500, ""),
        Says(503, "<html>"),
        Says(408, ""),
        Says(425, ""),
        Says(429, ""),
    ];
    for how in again {
        for does in [Fails(how.clone()), Loses(how)] {
            let (house, done) = worked(House::callback(), |house| {
                house.web.provider([does.clone(), does.clone()])
            })
            .await;
            assert!(!done, "{does:?}");
            assert_eq!(
                (house.row().step, house.row().status),
                (Step::Calling, OrderStatus::Pending)
            );
            minute(&house).await;
            assert_eq!(
                (house.row().step, house.row().status),
                (Step::Told, OrderStatus::Succesful),
                "{does:?}"
            );
            let books = house.web.books();
            assert_eq!((books.deliveries[&1], books.effects[&1].len()), (3, 1), "{does:?}");
        }
    }
    for (how, why) in [
        (Says(400, ""), Manual::Refused),
        (Says(401, ""), Manual::Refused),
        (Says(404, "<html>"), Manual::Refused),
        (Says(302, ""), Manual::Refused),
        (Says(200, "<html>"), Manual::Unusable),
        (Says(200, ""), Manual::Unusable),
        (Says(204, ""), Manual::Unusable),
        (Says(200, r#"{"status":"Done"}"#), Manual::Unusable),
        (Says(200, r#"{"status":"Pending"}"#), Manual::Unusable),
        (Says(200, r#"{"status":"Need_more_info"}"#), Manual::Unusable),
        (
            Says(200, r#"{"status":"Succesful","output":{"a":{}}}"#),
            Manual::Unusable,
        ),
    ] {
        let (house, done) = worked(House::callback(), |house| house.web.provider([Loses(how.clone())])).await;
        assert!(done);
        assert_eq!(house.row().manual, Some(why), "{how:?}");
        minute(&house).await;
        assert!(
            told(&house).is_empty() && house.web.books().deliveries[&1] == 1,
            "{how:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_not_public_is_not_called() {
    for url in [
        "http://provider.example.com/",
        "https://127.0.0.1/",
        "https://169.254.169.254/",
        "https://localhost/",
        "https://a@b.com/",
    ] {
        let fulfilment = Fulfilment::Callback {
            url: url.into(),
            secret: super::web::SECRET.into(),
        };
        let (house, done) = worked(Some(fulfilment), |_| {}).await;
        assert!(done);
        assert_eq!(house.row().manual, Some(Manual::AddressRefused), "{url}");
        assert!(house.web.books().requests.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_never_told_as_failed() {
    let (house, _) = worked(House::callback(), |house| {
        house.web.provider(std::iter::repeat_n(Loses(Silent), 50));
    })
    .await;
    minute(&house).await;
    let row = house.row();
    assert_eq!(
        (row.status, row.step, row.late),
        (OrderStatus::Pending, Step::Calling, true)
    );
    assert!(told(&house).is_empty());
    house.web.provider([]);
    house.sweep(house.env(None)).await;
    minute(&house).await;
    assert_eq!(house.web.status(), "Succesful", "and it goes on");
    assert_eq!(house.web.books().effects[&1].len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_ids_that_mmob_itself_names_hold() {
    let house = House::new(House::auto(&["last_name"]));
    let posted = house.place_changed(|order| drop(order.insert("prod_id".into(), "prod_9".into())));
    assert_eq!(posted.await, 200);
    assert!(house.work().await);
    assert_eq!((house.web.status().as_str(), house.row().manual), ("Succesful", None));
}

#[tokio::test(start_paused = true)]
async fn who_decides_on_mmobs_dashboard_is_first() {
    let (house, done) = worked(House::callback(), |house| {
        let order = &mut house.web.books().order;
        order.insert("status".into(), "Failed".into());
        order.insert("output".into(), json!({"error": "by hand"}));
    })
    .await;
    assert!(done);
    let row = house.row();
    assert_eq!(
        (row.status, row.step, row.decision),
        (OrderStatus::Failed, Step::Told, Some(Outcome::failed("by hand")))
    );
    assert!(told(&house).is_empty() && house.web.books().requests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_mmob_says_otherwise_is_not_overwritten() {
    // Whoever decides there does so while the provider is asked.
    for (theirs, manual) in [("Failed", Some(Manual::Conflict)), ("Succesful", None)] {
        let house = House::new(House::callback());
        house.web.market((0..5).map(|request| {
            if request < 4 {
                Does::Well
            } else {
                Fails(Says(409, "{}"))
            }
        }));
        house.place().await;
        let (work, decide) = (house.work(), async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            house.web.books().order.insert("status".into(), theirs.into());
        });
        assert!(tokio::join!(work, decide).0);
        let row = house.row();
        assert_eq!(
            (row.status, row.manual),
            (OrderStatus::Succesful, manual),
            "ours is kept"
        );
        assert_eq!(house.web.status(), theirs);
        assert!(told(&house).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_fetched_when_the_old_one_is_refused() {
    let house = House::new(House::auto(&[]));
    let stale = r#"{"MMOB_API_KEY":"test-old-key","MMOB_WEBHOOK_TOKEN":"test-mmob-webhook-token"}"#;
    let good = house
        .world
        .safe
        .secrets
        .lock()
        .unwrap()
        .insert("mmob".into(), stale.into());
    let env = house.env(None);
    house.place().await;
    let body = r#"{"id":"po_1"}"#;
    assert!(!house.deliver(env.clone(), body).await, "it comes back");
    house
        .world
        .safe
        .secrets
        .lock()
        .unwrap()
        .extend(good.map(|good| ("mmob".to_owned(), good)));
    house.pass(12).await;
    assert!(house.deliver(env, body).await, "the same sandbox");
    assert_eq!(house.web.status(), "Succesful");
}

/// Stops at a step until it is told to go on.
struct Stopped {
    at: std::sync::atomic::AtomicU32,
    on: tokio::sync::Semaphore,
}

impl Fate for Stopped {
    fn step(&self) -> futures_util::future::BoxFuture<'_, ()> {
        let left = self.at.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        Box::pin(async move {
            if left == 0 {
                self.on.acquire().await.unwrap().forget();
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_held_an_order_too_long_writes_nothing() {
    let body = r#"{"id":"po_1"}"#;
    let mut refused = 0;
    for step in 0..44 {
        let house = House::new(House::callback());
        house.place().await;
        let fate = Arc::new(Stopped {
            at: step.into(),
            on: tokio::sync::Semaphore::new(0),
        });
        let slow = house.deliver(house.env(Some(fate.clone())), body);
        let rest = async {
            house.pass(13).await;
            assert!(house.deliver(house.env(None), body).await);
            let after = house.world.store.table("mmob");
            assert_eq!(house.row().step, Step::Told);
            fate.on.add_permits(1);
            after
        };
        let (done, after) = tokio::join!(slow, rest);
        let order =
            |rows: &[runtime::store::Item]| rows.iter().find(|row| row["sk"].as_s().unwrap() == "ORDER").cloned();
        assert_eq!(order(&house.world.store.table("mmob")), order(&after), "step {step}");
        refused += u32::from(!done);
        let books = house.web.books();
        assert!(books.deliveries[&1] <= 2 && books.effects[&1].len() == 1, "step {step}");
    }
    assert!(refused > 5, "it knows that it was too slow, {refused} times");
}

#[tokio::test(start_paused = true)]
async fn who_holds_an_order_is_left_alone_and_whoever_dies_is_succeeded() {
    let body = r#"{"id":"po_1"}"#;
    let house = House::new(House::callback());
    house.place().await;
    // After it has taken the order on.
    let dead = house.env(Some(Arc::new(Mortal::after(8))));
    assert!(
        tokio::time::timeout(Duration::from_secs(8), house.deliver(dead, body))
            .await
            .is_err()
    );
    assert_eq!(house.row().attempts, 1);
    assert!(house.deliver(house.env(None), body).await, "somebody may be at it yet");
    assert_eq!((house.row().attempts, told(&house).len()), (1, 0));
    house.pass(4).await;
    assert!(house.deliver(house.env(None), body).await);
    assert_eq!((house.row().attempts, house.row().step), (2, Step::Told));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_none_goes_to_the_dead_letters_and_one_of_nothing_is_let_go() {
    let house = House::new(None);
    for bad in ["", "{}", r#"{"id":""}"#, r#"{"id":7}"#, "<html>"] {
        assert!(house.deliver(house.env(None), bad).await);
    }
    assert_eq!(house.sqs.dead().len(), 5);
    assert!(house.deliver(house.env(None), r#"{"id":"po_gone"}"#).await);
    assert_eq!(house.sqs.dead().len(), 5);
    assert!(house.env(None).dead_letters().is_some());
}
