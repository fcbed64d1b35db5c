//! The hub's MMOB adapter against the simulator over the socket: both sides must agree on the wire protocol.

use std::collections::BTreeMap;

use call::{Answer, Call};
use model::Kind;
use model::order::{OrderOutcome, OrderStatus};
use model::product::{NewPrice, NewProduct};
use partners_marketplace::{Marketplace, Mmob, PRICE_PATH};
use serde_json::json;

use super::Simulators;
use super::adapters::carried;
use super::mmob::{price, product};

fn sent(simulators: &Simulators, call: &Call) -> Answer {
    carried(simulators, "/mmob", ("x-api-key", "test-mmob-key"), call)
}

#[test]
fn products_and_prices_are_set_up_and_found_again() {
    let simulators = Simulators::start();
    let new: NewProduct = serde_json::from_value(product()).unwrap();
    let call = Mmob.create_product(&new, "our-key").unwrap();
    let made = Mmob.read_created_product(&sent(&simulators, &call)).unwrap();
    assert_eq!((made.enabled, made.external_key.as_deref()), (true, Some("our-key")));
    assert_eq!((made.product_type, &made.meta), (Some(new.product_type), &new.meta));
    let call = Mmob.product(&made.id).unwrap();
    assert_eq!(
        Mmob.read_product(&made.id, &sent(&simulators, &call)).unwrap(),
        Some(made.clone())
    );
    let listed = Mmob
        .read_products(&sent(&simulators, &Mmob.products(0).unwrap()))
        .unwrap();
    assert_eq!((listed.items, listed.last), (vec![made.clone()], true));
    let new: NewPrice = serde_json::from_value(price()).unwrap();
    let call = Mmob.create_price(&made.id, &new).unwrap();
    let cost = Mmob.read_created_price(&sent(&simulators, &call)).unwrap().unwrap();
    let call = Mmob.price(PRICE_PATH, &made.id, &cost.id).unwrap();
    let read = Mmob.read_price(&cost.id, &sent(&simulators, &call)).unwrap().unwrap();
    assert_eq!((read.amount, read.currency), (3999, new.currency));
    assert_eq!(read, cost);
}

#[test]
fn an_order_is_read_and_ended_for_good() {
    let simulators = Simulators::start();
    let placing = json!({ "product": "prod_1", "price": "price_1", "user": "tus_1", "input": { "a": "b" } });
    let placed = simulators.request("POST", "/_control/mmob/orders", &[], Some(&placing.to_string()));
    let id = placed.json()["orders"][0].as_str().unwrap().to_owned();
    let order = || {
        let answer = sent(&simulators, &Mmob.order(&id).unwrap());
        Mmob.read_order(&id, &answer).unwrap().unwrap()
    };
    let first = order();
    assert_eq!(
        (first.outcome.status, first.input["a"].as_str()),
        (OrderStatus::Pending, Some("b"))
    );
    let call = Mmob.user(&first.user).unwrap();
    let user = Mmob.read_user(&first.user, &sent(&simulators, &call)).unwrap().unwrap();
    assert_eq!((user.surname.as_deref(), user.address.len()), (Some("Nichols"), 2));
    let update = |outcome: &OrderOutcome| Mmob.read_update(&sent(&simulators, &Mmob.update(&id, outcome).unwrap()));
    let more = OrderOutcome::need_more_info(vec!["a".into(), "b".into()]);
    update(&more).unwrap();
    assert_eq!(order().outcome, more);
    let done = OrderOutcome::succesful(BTreeMap::from([("key".into(), "Value".into())]));
    update(&done).unwrap();
    update(&done).unwrap();
    assert_eq!(order().outcome, done);
    let refused = update(&OrderOutcome::failed("late")).unwrap_err();
    assert_eq!(
        (refused.kind, refused.partner_code.as_deref()),
        (Kind::PartnerRejected, Some("409"))
    );
}

#[test]
fn the_adapter_understands_refusals_and_absence() {
    let simulators = Simulators::start();
    let absent = sent(&simulators, &Mmob.order("po_0").unwrap());
    assert_eq!(Mmob.read_order("po_0", &absent).unwrap(), None);
    let absent = sent(&simulators, &Mmob.update("po_0", &OrderOutcome::failed("x")).unwrap());
    assert_eq!(
        Mmob.read_update(&absent).unwrap_err().partner_code.as_deref(),
        Some("404")
    );
    let absent = sent(&simulators, &Mmob.user("tus_0").unwrap());
    assert_eq!(Mmob.read_user("tus_0", &absent).unwrap(), None);
    let elsewhere = sent(&simulators, &Mmob.price("/prices/{price}", "p", "r").unwrap());
    assert_eq!(
        Mmob.read_price("r", &elsewhere).unwrap_err().kind,
        Kind::PartnerBadResponse
    );
    let call = Mmob.order("po_0").unwrap();
    let wrong_key = carried(&simulators, "/mmob", ("x-api-key", "wrong"), &call);
    assert_eq!(Mmob.read_order("po_0", &wrong_key).unwrap_err().kind, Kind::PartnerAuth);
    let mut new: NewProduct = serde_json::from_value(product()).unwrap();
    new.name = "x".into();
    let mut call = Mmob.create_product(&new, "k").unwrap();
    let spoilt = String::from_utf8(call.request.body().to_vec()).unwrap();
    *call.request.body_mut() = spoilt.replace("utilities_broadband", "boats").into();
    let refused = Mmob.read_created_product(&sent(&simulators, &call)).unwrap_err();
    assert_eq!(
        (refused.kind, refused.fields[0].path.as_str()),
        (Kind::PartnerRejected, "productType")
    );
}
