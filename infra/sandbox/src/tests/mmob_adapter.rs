//! The hub's MMOB adapter against the simulator, over the socket: what one side assumes, the other does.

use std::collections::BTreeMap;

use model::Kind;
use model::order::{OrderStatus, Outcome};
use model::product::{NewPrice, NewProduct};
use partners::{Answer, Call, mmob};
use serde_json::json;

use super::Sandbox;
use super::adapters::carried;
use super::mmob::{price, product};

fn sent(sandbox: &Sandbox, call: &Call) -> Answer {
    carried(sandbox, "/mmob", ("x-api-key", "test-mmob-key"), call)
}

#[test]
fn products_and_prices_are_set_up_and_found_again() {
    let sandbox = Sandbox::start();
    let new: NewProduct = serde_json::from_value(product()).unwrap();
    let ask = mmob::create_product(&new, "our-key").unwrap();
    let made = mmob::read_created_product(&sent(&sandbox, &ask)).unwrap();
    assert_eq!((made.enabled, made.external_key.as_deref()), (true, Some("our-key")));
    assert_eq!((made.product_type, &made.meta), (Some(new.product_type), &new.meta));
    let ask = mmob::product(&made.id).unwrap();
    assert_eq!(
        mmob::read_product(&made.id, &sent(&sandbox, &ask)).unwrap(),
        Some(made.clone())
    );
    let listed = mmob::read_products(&sent(&sandbox, &mmob::products(0).unwrap())).unwrap();
    assert_eq!((listed.items, listed.last), (vec![made.clone()], true));
    let new: NewPrice = serde_json::from_value(price()).unwrap();
    let ask = mmob::create_price(&made.id, &new).unwrap();
    let cost = mmob::read_created_price(&sent(&sandbox, &ask)).unwrap().unwrap();
    let ask = mmob::price(mmob::PRICE_PATH, &made.id, &cost.id).unwrap();
    let read = mmob::read_price(&cost.id, &sent(&sandbox, &ask)).unwrap().unwrap();
    assert_eq!((read.amount, read.currency), (3999, new.currency));
    assert_eq!(read, cost);
}

#[test]
fn an_order_is_read_and_ended_for_good() {
    let sandbox = Sandbox::start();
    let demand = json!({ "product": "prod_1", "price": "price_1", "user": "tus_1", "input": { "a": "b" } });
    let placed = sandbox.ask("POST", "/_control/mmob/orders", &[], Some(&demand.to_string()));
    let id = placed.json()["orders"][0].as_str().unwrap().to_owned();
    let order = || {
        let answer = sent(&sandbox, &mmob::order(&id).unwrap());
        mmob::read_order(&id, &answer).unwrap().unwrap()
    };
    let first = order();
    assert_eq!(
        (first.outcome.status, first.input["a"].as_str()),
        (OrderStatus::Pending, Some("b"))
    );
    let asked = mmob::user(&first.user).unwrap();
    let user = mmob::read_user(&first.user, &sent(&sandbox, &asked)).unwrap().unwrap();
    assert_eq!((user.surname.as_deref(), user.address.len()), (Some("Nichols"), 2));
    let update = |outcome: &Outcome| mmob::read_update(&sent(&sandbox, &mmob::update(&id, outcome).unwrap()));
    let more = Outcome::need_more_info(vec!["a".into(), "b".into()]);
    update(&more).unwrap();
    assert_eq!(order().outcome, more);
    let done = Outcome::succesful(BTreeMap::from([("key".into(), "Value".into())]));
    update(&done).unwrap();
    update(&done).unwrap();
    assert_eq!(order().outcome, done);
    let refused = update(&Outcome::failed("late")).unwrap_err();
    assert_eq!(
        (refused.kind, refused.partner_code.as_deref()),
        (Kind::PartnerRejected, Some("409"))
    );
}

#[test]
fn what_is_refused_or_absent_is_understood() {
    let sandbox = Sandbox::start();
    let absent = sent(&sandbox, &mmob::order("po_0").unwrap());
    assert_eq!(mmob::read_order("po_0", &absent).unwrap(), None);
    let absent = sent(&sandbox, &mmob::update("po_0", &Outcome::failed("x")).unwrap());
    assert_eq!(
        mmob::read_update(&absent).unwrap_err().partner_code.as_deref(),
        Some("404")
    );
    let absent = sent(&sandbox, &mmob::user("tus_0").unwrap());
    assert_eq!(mmob::read_user("tus_0", &absent).unwrap(), None);
    let elsewhere = sent(&sandbox, &mmob::price("/prices/{price}", "p", "r").unwrap());
    assert_eq!(
        mmob::read_price("r", &elsewhere).unwrap_err().kind,
        Kind::PartnerBadResponse
    );
    let ask = mmob::order("po_0").unwrap();
    let stranger = carried(&sandbox, "/mmob", ("x-api-key", "wrong"), &ask);
    assert_eq!(mmob::read_order("po_0", &stranger).unwrap_err().kind, Kind::PartnerAuth);
    let mut new: NewProduct = serde_json::from_value(product()).unwrap();
    new.name = "x".into();
    let mut ask = mmob::create_product(&new, "k").unwrap();
    let spoilt = String::from_utf8(ask.request.body().to_vec()).unwrap();
    *ask.request.body_mut() = spoilt.replace("utilities_broadband", "boats").into();
    let refused = mmob::read_created_product(&sent(&sandbox, &ask)).unwrap_err();
    assert_eq!(
        (refused.kind, refused.fields[0].path.as_str()),
        (Kind::PartnerRejected, "productType")
    );
}
