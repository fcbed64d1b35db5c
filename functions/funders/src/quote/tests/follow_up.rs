//! What follows a quote: lists, its customer and vehicle, and the news of it.

use std::sync::Arc;
use std::time::Duration;

use model::event::EventType;
use model::id::ProposalId;
use model::quote::QuoteStatus;
use runtime::store::{Item, Outcome, Store};
use runtime::testing::{Play, within};
use serde_json::{Value, json};

use super::house::{House, JOHN, SAMPLE, good, priced, sample};
use crate::quote::QuoteRow;
use crate::{customer, vehicle};

/// Kind, id and data of everything that was said.
fn said(house: &House) -> Vec<(EventType, String, Value)> {
    let said = house.world.loudspeaker.said().into_iter();
    said.map(|event| {
        let data = serde_json::from_str(event.data.get()).unwrap();
        (event.kind, event.id.to_string(), data)
    })
    .collect()
}

/// Everything stored but the log.
fn stored(house: &House) -> Vec<Item> {
    house.world.store.table("quotes")
}

async fn john(house: &House) -> Value {
    let got = house
        .get(customer::get::get, &house.john(), &[("email", JOHN)], "")
        .await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.json()["data"].clone()
}

async fn car(house: &House) -> Value {
    let got = house
        .get(vehicle::get::get, &house.john(), &[("capId", "12345")], "")
        .await;
    got.json()["data"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_quote_is_listed_remembered_and_told_of_once() {
    for funder in partners::FUNDERS {
        let house = House::new();
        house.world.stage.script([], good());
        house.quote_as(&house.john(), &sample(funder), &[]).await;
        assert_eq!(house.listed("QUOTES#2024-12").len(), 0, "not while somebody waits");
        let message = house.world.outbox.take().remove(0).body;
        assert!(house.deliver(&message, 1).await);
        let row = house.row();
        let key = format!("QUOTE#{}", row.id);
        for list in ["QUOTES#2024-12", "CUSTOMER#john.doe@example.com#QUOTES"] {
            assert_eq!(house.listed(list), [key.as_str()], "{list}");
        }
        assert_eq!(house.listed(customer::LIST), ["CUSTOMER#john.doe@example.com"]);
        assert_eq!(house.listed(vehicle::LIST), ["VEHICLE#12345"]);
        let told = said(&house);
        let news = json!({
            "quoteId": row.id.to_string(), "funderName": funder, "environment": "SANDBOX", "status": "GENERATED",
        });
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].0, &told[0].2), (EventType::QuoteGenerated, &news));
        assert_eq!(row.announced, Some(QuoteStatus::Generated));
        assert!(house.world.outbox.sent().is_empty(), "there is nothing left to do");

        let before = stored(&house);
        tokio::time::advance(Duration::from_secs(60)).await;
        for deliveries in [1, 2] {
            assert!(house.deliver(&message, deliveries).await);
        }
        assert_eq!(stored(&house), before, "doing it again changes nothing");
        assert_eq!((said(&house).len(), house.world.outbox.sent().len()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_quote_is_told_of_with_its_reason() {
    let house = House::new();
    house.world.stage.script([], Play::answer(422, "{}"));
    house.quote(&[]).await;
    house.watch().await;
    let told = said(&house);
    assert_eq!((told.len(), told[0].0), (1, EventType::QuoteFailed));
    assert_eq!(
        (&told[0].2["code"], &told[0].2["status"]),
        (&json!("funder-rejected"), &json!("FAILED"))
    );
    assert_eq!(house.listed("QUOTES#2024-12").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_listed_and_not_yet_told_of() {
    for headers in [[].as_slice(), &[("prefer", "respond-async")]] {
        let house = House::new();
        house.world.stage.script([], Play::answer(500, ""));
        assert_eq!(house.quote(headers).await.status, 202);
        let first = house.world.outbox.take().remove(0);
        assert!(house.deliver(&first.body, 1).await);
        assert_eq!(house.row().status, QuoteStatus::Pending);
        assert_eq!((house.listed("QUOTES#2024-12").len(), said(&house).len()), (1, 0));
        let next = house.world.outbox.take().remove(0);
        house.world.stage.script([], priced());
        assert!(house.deliver(&next.body, 1).await);
        assert_eq!((house.row().status, said(&house).len()), (QuoteStatus::Generated, 1));
        assert_eq!(house.listed("QUOTES#2024-12").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_telling_and_writing_tells_the_same_again() {
    let house = House::new();
    house.world.stage.script([], good());
    house.quote(&[]).await;
    let message = house.world.outbox.take().remove(0).body;
    let before: Vec<Item> = stored(&house)
        .into_iter()
        .filter(|row| row["sk"].as_s().unwrap() == "QUOTE")
        .collect();
    assert!(house.deliver(&message, 1).await);
    // As if the write had never come.
    house.world.store.append("quotes", before).await.unwrap();
    assert_eq!(house.row().announced, None);
    assert!(house.deliver(&message, 2).await);
    let told = house.world.loudspeaker.said();
    assert_eq!(told.len(), 2);
    let text = |n: usize| serde_json::to_string(&told[n]).unwrap();
    assert_eq!(text(0), text(1), "whoever listens can tell that it is the same");
    assert_eq!(house.row().announced, Some(QuoteStatus::Generated));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_told_or_written_brings_the_message_back() {
    let house = House::new();
    house.world.stage.script([], good());
    house.quote(&[]).await;
    let message = house.world.outbox.take().remove(0).body;
    house.world.loudspeaker.set_down(true);
    assert!(!house.deliver(&message, 1).await);
    assert_eq!(house.row().announced, None);
    house.world.loudspeaker.set_down(false);
    house.world.store.set_down(true);
    assert!(!house.deliver(&message, 2).await);
    assert!(said(&house).is_empty());
    house.world.store.set_down(false);
    assert!(house.deliver(&message, 3).await);
    assert_eq!(said(&house).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_202_has_a_message_behind_it_and_a_price_needs_none() {
    let house = House::new();
    house.world.stage.script([], Play::answer(500, ""));
    house.world.outbox.refuse(1);
    assert_eq!(house.quote(&[]).await.status, 202);
    assert_eq!(house.world.outbox.take().len(), 1, "it was sent again");
    house.world.outbox.refuse(2);
    let got = house.quote(&[]).await;
    assert_eq!((got.status, got.code().as_str()), (503, "unavailable"));
    house.world.outbox.refuse(1);
    let got = house.quote(&[("prefer", "respond-async")]).await;
    assert_eq!(got.status, 503);
    assert_eq!(house.rows().len(), 2, "nothing was promised, and nothing written");
    house.world.outbox.refuse(1);
    house.world.stage.script([], priced());
    assert_eq!(house.quote(&[]).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn the_newest_quote_describes_customer_and_vehicle() {
    let house = House::new();
    house.world.stage.script([], good());
    let ask = async |phone: &str, model: &str| {
        let body = SAMPLE.replace("+44 7700 900001", phone).replace("3 Series", model);
        assert_eq!(house.quote_as(&house.john(), &body, &[]).await.status, 201);
        tokio::time::advance(Duration::from_secs(60)).await;
        house.world.outbox.take().remove(0).body
    };
    let first = ask("+44 7700 900001", "First").await;
    let second = ask("+44 7700 900002", "Second").await;
    let third = ask("+44 7700 900003", "Third").await;
    assert!(house.deliver(&second, 1).await);
    let (person, vehicle) = (john(&house).await, car(&house).await);
    assert_eq!(
        (&person["phone"], &vehicle["model"]),
        (&json!("+44 7700 900002"), &json!("Second"))
    );
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(house.deliver(&first, 1).await);
    assert_eq!(john(&house).await, person, "an older quote overwrites nothing");
    assert_eq!(car(&house).await, vehicle);
    assert!(house.deliver(&third, 1).await);
    let (now, vehicle) = (john(&house).await, car(&house).await);
    assert_eq!(
        (&now["phone"], &vehicle["model"]),
        (&json!("+44 7700 900003"), &json!("Third"))
    );
    assert_eq!((&now["id"], &now["createdAt"]), (&person["id"], &person["createdAt"]));
    assert_ne!(now["updatedAt"], person["updatedAt"]);
    assert!(house.deliver(&second, 2).await);
    assert_eq!(john(&house).await, now, "nor does one that is told again");
    assert_eq!(
        (house.listed(customer::LIST).len(), house.listed(vehicle::LIST).len()),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_comes_back_stays_in_the_list() {
    let house = House::new();
    house.world.stage.script([], good());
    house.quote(&[]).await;
    house.watch().await;
    tokio::time::advance(Duration::from_secs(80 * 24 * 3600)).await;
    house.quote_as(&house.john(), SAMPLE, &[]).await;
    house.watch().await;
    for (list, row) in [(customer::LIST, "CUSTOMER"), (vehicle::LIST, "VEHICLE")] {
        let end = |pk: bool| {
            let mut rows = stored(&house).into_iter();
            let found =
                rows.find(|one| one[if pk { "pk" } else { "sk" }].as_s().unwrap() == if pk { list } else { row });
            found.unwrap()["ttl"].as_n().unwrap().parse::<i64>().unwrap()
        };
        assert_eq!(end(true), end(false), "{list}: the entry lasts as long as its row");
        assert!(end(true) > house.now().as_second() + 89 * 24 * 3600);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quote_that_became_a_proposal_at_once_is_told_of_too() {
    let house = House::new();
    house.world.stage.script([], good());
    house.quote(&[]).await;
    let mut row = house.row();
    row.converted(ProposalId::new(house.now()));
    let write = row.replace(&house.env, house.now()).unwrap();
    assert_eq!(house.world.store.write(vec![write]).await.unwrap(), Outcome::Done);
    let message = house.world.outbox.take().remove(0).body;
    for deliveries in [1, 2] {
        assert!(house.deliver(&message, deliveries).await);
    }
    let told = said(&house);
    assert_eq!(
        (told.len(), told[0].0, &told[0].2["status"]),
        (1, EventType::QuoteGenerated, &json!("GENERATED"))
    );
    assert_eq!(house.row().status, QuoteStatus::Converted);
}

/// One start of the schedule.
async fn reconcile(house: &House) -> bool {
    let function = runtime::schedule(crate::reconcile::reconcile);
    function
        .start(Arc::clone(&house.env), house.clock, within(Duration::from_secs(29)))
        .await
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_price_is_told_once_even_after_a_crash() {
    let house = House::new();
    house.world.stage.script([], good());
    house.quote(&[]).await;
    house.watch().await;
    assert!(reconcile(&house).await);
    assert_eq!(said(&house).len(), 1, "not before its time");
    tokio::time::advance(Duration::from_secs(40 * 3600)).await;
    house.world.loudspeaker.set_down(true);
    assert!(!reconcile(&house).await);
    assert_eq!(house.row().status, QuoteStatus::Expired);
    house.world.loudspeaker.set_down(false);
    for _ in 0..2 {
        assert!(reconcile(&house).await);
    }
    let kinds: Vec<_> = said(&house).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [EventType::QuoteGenerated, EventType::QuoteExpired]);
    let row: QuoteRow = house.row();
    assert_eq!(
        (row.announced, row.due),
        (Some(QuoteStatus::Expired), runtime::due::Due::default())
    );
}
