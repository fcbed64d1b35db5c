//! Orders whose marketplace or provider fails.

use std::time::Duration;

use model::order::OrderStatus;
use serde_json::json;

use super::fake_mmob::Behaviour::{self, Fails, Loses, Unreachable};
use super::fake_mmob::Failure::{Answers, Reset, Silent, Throttles};
use super::testing::{MESSAGE, Orders, PRODUCT, auto, callback, deliver, pass, sealed};
use crate::order::row::{Manual, OrderStep};
use crate::product::Fulfilment;

fn failures() -> Vec<Behaviour> {
    let failures = [
        Reset,
        Silent,
        Answers(500, ""),
        Answers(502, "<html>"),
        Answers(503, ""),
        Answers(200, "<html>"),
        Answers(200, "{"),
        Answers(404, "<html>"),
        Answers(302, ""),
    ];
    let each = failures
        .into_iter()
        .flat_map(|failure| [Fails(failure.clone()), Loses(failure)]);
    each.chain([
        Unreachable,
        Fails(Throttles(429, "2")),
        Fails(Answers(429, "")),
        Fails(Answers(404, "")),
        Fails(Answers(422, "{}")),
    ])
    .collect()
}

#[tokio::test(start_paused = true)]
async fn the_worker_reports_within_the_minute_whatever_mmob_does() {
    for failure in failures() {
        for request in 0..6 {
            let script = |orders: &Orders| {
                let well = std::iter::repeat_n(Behaviour::Well, request);
                orders.mmob.script_mmob(well.chain([failure.clone(), failure.clone()]));
            };
            let (orders, _) = Orders::worked(callback(), script).await;
            orders.work_for_a_minute().await;
            let row = orders.row();
            assert_eq!(
                (row.step, row.status, row.manual),
                (OrderStep::Reported, OrderStatus::Succesful, None),
                "{failure:?} {request}"
            );
            assert_eq!(orders.mmob.books().effects[&1].len(), 1);
            assert_eq!(
                orders.mmob.books().deliveries[&1],
                1,
                "a failure of MMOB causes no second call: {failure:?}"
            );
            assert!(orders.updates().iter().all(|(status, _)| status == "Succesful"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_callback_is_repeated_or_left_to_an_operator() {
    let again = [
        Reset,
        Silent,
        Answers(500, ""),
        Answers(503, "<html>"),
        Answers(408, ""),
        Answers(425, ""),
        Answers(429, ""),
    ];
    for failure in again {
        for behaviour in [Fails(failure.clone()), Loses(failure)] {
            let (orders, done) = Orders::worked(callback(), |orders| {
                orders.mmob.script_provider([behaviour.clone(), behaviour.clone()])
            })
            .await;
            assert!(!done, "{behaviour:?}");
            assert_eq!(
                (orders.row().step, orders.row().status),
                (OrderStep::Calling, OrderStatus::Pending)
            );
            orders.work_for_a_minute().await;
            assert_eq!(
                (orders.row().step, orders.row().status),
                (OrderStep::Reported, OrderStatus::Succesful),
                "{behaviour:?}"
            );
            let books = orders.mmob.books();
            assert_eq!((books.deliveries[&1], books.effects[&1].len()), (3, 1), "{behaviour:?}");
        }
    }
    for (failure, why) in [
        (Answers(400, ""), Manual::Refused),
        (Answers(401, ""), Manual::Refused),
        (Answers(404, "<html>"), Manual::Refused),
        (Answers(302, ""), Manual::Refused),
        (Answers(200, "<html>"), Manual::Unusable),
        (Answers(200, ""), Manual::Unusable),
        (Answers(204, ""), Manual::Unusable),
        (Answers(200, r#"{"status":"Done"}"#), Manual::Unusable),
        (Answers(200, r#"{"status":"Pending"}"#), Manual::Unusable),
        (Answers(200, r#"{"status":"Need_more_info"}"#), Manual::Unusable),
        (
            Answers(200, r#"{"status":"Succesful","output":{"a":{}}}"#),
            Manual::Unusable,
        ),
    ] {
        let (orders, done) = Orders::worked(callback(), |orders| {
            orders.mmob.script_provider([Loses(failure.clone())])
        })
        .await;
        assert!(done);
        assert_eq!(orders.row().manual, Some(why), "{failure:?}");
        orders.work_for_a_minute().await;
        assert!(
            orders.updates().is_empty() && orders.mmob.books().deliveries[&1] == 1,
            "{failure:?}"
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
            secret: sealed(PRODUCT),
        };
        let (orders, done) = Orders::worked(Some(fulfilment), |_| {}).await;
        assert!(done);
        assert_eq!(orders.row().manual, Some(Manual::AddressRefused), "{url}");
        assert!(orders.mmob.books().provider_requests.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_not_reported_as_failed() {
    let (orders, _) = Orders::worked(callback(), |orders| {
        orders.mmob.script_provider(std::iter::repeat_n(Loses(Silent), 50));
    })
    .await;
    orders.work_for_a_minute().await;
    let row = orders.row();
    assert_eq!(
        (row.status, row.step, row.late),
        (OrderStatus::Pending, OrderStep::Calling, true)
    );
    assert!(orders.updates().is_empty());
    orders.mmob.script_provider([]);
    orders.sweep().await;
    orders.work_for_a_minute().await;
    assert_eq!(orders.mmob.status(), "Succesful", "a later worker finishes it");
    assert_eq!(orders.mmob.books().effects[&1].len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_final_status_at_mmob_is_not_overwritten() {
    // The operator there decides while the provider works.
    for (remote, manual) in [("Failed", Some(Manual::Conflict)), ("Succesful", None)] {
        let orders = Orders::new(callback());
        orders.mmob.script_mmob((0..5).map(|request| {
            if request < 4 {
                Behaviour::Well
            } else {
                Fails(Answers(409, "{}"))
            }
        }));
        orders.place().await;
        let (work, decide) = (orders.work(), async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            orders.mmob.books().order.insert("status".into(), remote.into());
        });
        assert!(tokio::join!(work, decide).0);
        let row = orders.row();
        assert_eq!(
            (row.status, row.manual),
            (OrderStatus::Succesful, manual),
            "the row keeps the hub's decision"
        );
        assert_eq!(orders.mmob.status(), remote);
        assert!(orders.updates().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_fetched_when_the_old_one_is_refused() {
    let orders = Orders::new(auto(&[]));
    let secrets = &orders.harness.fakes.secrets;
    let stale = json!({"MMOB_API_KEY": "test-old-key"});
    let good = secrets.remove("mmob").unwrap();
    secrets.set("mmob", &stale);
    let instance = orders.instance();
    orders.place().await;
    assert!(!deliver(&instance, MESSAGE).await, "the message comes back");
    secrets.set("mmob", &serde_json::from_str(&good).unwrap());
    pass(12).await;
    assert!(deliver(&instance, MESSAGE).await, "the same instance");
    assert_eq!(orders.mmob.status(), "Succesful");
}
