//! What becomes of an order when MMOB or its provider fail.

use std::time::Duration;

use model::order::OrderStatus;

use super::house::House;
use super::web::Does::{self, Fails, Loses, Unreachable};
use super::web::How::{Reset, Says, Silent, Waits};
use crate::order::{Manual, Step};
use crate::product::Fulfilment;

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
            let (house, _) = House::worked(House::callback(), script).await;
            house.minute().await;
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
            assert!(house.told().iter().all(|(status, _)| status == "Succesful"));
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
            let (house, done) = House::worked(House::callback(), |house| {
                house.web.provider([does.clone(), does.clone()])
            })
            .await;
            assert!(!done, "{does:?}");
            assert_eq!(
                (house.row().step, house.row().status),
                (Step::Calling, OrderStatus::Pending)
            );
            house.minute().await;
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
        let (house, done) = House::worked(House::callback(), |house| house.web.provider([Loses(how.clone())])).await;
        assert!(done);
        assert_eq!(house.row().manual, Some(why), "{how:?}");
        house.minute().await;
        assert!(
            house.told().is_empty() && house.web.books().deliveries[&1] == 1,
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
        let (house, done) = House::worked(Some(fulfilment), |_| {}).await;
        assert!(done);
        assert_eq!(house.row().manual, Some(Manual::AddressRefused), "{url}");
        assert!(house.web.books().requests.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_never_told_as_failed() {
    let (house, _) = House::worked(House::callback(), |house| {
        house.web.provider(std::iter::repeat_n(Loses(Silent), 50));
    })
    .await;
    house.minute().await;
    let row = house.row();
    assert_eq!(
        (row.status, row.step, row.late),
        (OrderStatus::Pending, Step::Calling, true)
    );
    assert!(house.told().is_empty());
    house.web.provider([]);
    house.sweep(house.env(None)).await;
    house.minute().await;
    assert_eq!(house.web.status(), "Succesful", "and it goes on");
    assert_eq!(house.web.books().effects[&1].len(), 1);
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
        assert!(house.told().is_empty());
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
