//! The adapter against its fixtures: what is sent, what is believed, what is refused.

use std::collections::BTreeMap;

use model::product::{NewFulfilment, NewPrice, NewProduct, ProductType};

use super::*;
use crate::sample::{HOSTILE, answer, assert_sends};

const ORDER: &str = include_str!("../../fixtures/mmob/order.answer.json");
const PRODUCT: &str = include_str!("../../fixtures/mmob/product.answer.json");
const PRICE: &str = include_str!("../../fixtures/mmob/price.answer.json");
const USER: &str = include_str!("../../fixtures/mmob/user.answer.json");
const REFUSAL: &str = include_str!("../../fixtures/mmob/product.refusal.json");
const KEY: &str = "0190d5a0-0000-7000-8000-000000000004";
const ORDER_ID: &str = "po_1a2b3c4d5e6";
const PRODUCT_ID: &str = "prod_EfeUDJnTVdDigaqQ9rMaC";
const PRICE_ID: &str = "price_7f8g9h0i1j2";
const USER_ID: &str = "tus_3k4l5m6n7o8";

fn new_product() -> NewProduct {
    NewProduct {
        name: "Your product".into(),
        description: "Your product description.".into(),
        enabled: true,
        meta: BTreeMap::from([("your_extra_attributes".into(), "value".into())]),
        product_type: ProductType::UtilitiesBroadband,
        fulfilment: NewFulfilment::Manual,
    }
}

fn new_price() -> NewPrice {
    serde_json::from_str(include_str!("../../fixtures/mmob/price.request.json")).unwrap()
}

fn line(call: &Call) -> String {
    format!("{} {}", call.request.method(), call.request.uri())
}

#[test]
fn what_is_asked_goes_to_these_addresses() {
    let questions = [
        (order(ORDER_ID), "GET /orders/po_1a2b3c4d5e6"),
        (product(PRODUCT_ID), "GET /products/prod_EfeUDJnTVdDigaqQ9rMaC"),
        (products(0), "GET /products?page=0&size=50"),
        (user(USER_ID), "GET /users?ids%5B%5D=tus_3k4l5m6n7o8"),
        (price(PRICE_PATH, "p", "r"), "GET /products/p/pricing/r"),
        (price("/prices/{price}?of={product}", "p", "r"), "GET /prices/r?of=p"),
    ];
    for (call, expected) in questions {
        let call = call.unwrap();
        assert_eq!(line(&call), expected);
        assert!(call.repeatable && call.request.body().is_empty());
    }
    assert_eq!(price("/prices/{id}", "p", "r").unwrap_err().kind, Kind::Misconfigured);
}

#[test]
fn an_update_says_it_in_the_words_of_the_spec_and_may_be_said_again() {
    let fields = ["engineer_appointment_date", "engineer_apointment_time"];
    for (outcome, fixture) in [
        (
            Outcome::succesful(BTreeMap::from([("key".into(), "Value".into())])),
            include_str!("../../fixtures/mmob/order-update.succesful.json"),
        ),
        (
            Outcome::need_more_info(fields.map(Into::into).into()),
            include_str!("../../fixtures/mmob/order-update.info.json"),
        ),
        (
            Outcome::failed("PBX Over capacity"),
            include_str!("../../fixtures/mmob/order-update.failed.json"),
        ),
    ] {
        let call = update(ORDER_ID, &outcome).unwrap();
        assert_sends(&call, fixture);
        assert_eq!(line(&call), "POST /orders/po_1a2b3c4d5e6");
        assert!(call.repeatable);
    }
}

#[test]
fn what_mmob_would_have_twice_is_not_repeatable() {
    let product = create_product(&new_product(), KEY).unwrap();
    assert_sends(&product, include_str!("../../fixtures/mmob/product.request.json"));
    let price = create_price(PRODUCT_ID, &new_price()).unwrap();
    assert_sends(&price, include_str!("../../fixtures/mmob/price.request.json"));
    assert_eq!(line(&product), "POST /products");
    assert_eq!(line(&price), format!("POST /products/{PRODUCT_ID}/pricing"));
    assert!(!product.repeatable && !price.repeatable);
}

#[test]
fn a_hostile_id_never_leaves_its_segment() {
    for id in HOSTILE {
        assert!(
            order(id).is_err() && product(id).is_err() && user(id).is_err(),
            "{id:?}"
        );
        assert!(update(id, &Outcome::failed("x")).is_err(), "{id:?}");
        assert!(create_price(id, &new_price()).is_err(), "{id:?}");
        assert!(
            price(PRICE_PATH, id, "r").is_err() && price(PRICE_PATH, "p", id).is_err(),
            "{id:?}"
        );
        for name in ["po_1a2b3c4d5e6", PRODUCT_ID, PRICE_ID, USER_ID] {
            let quoted = serde_json::to_string(id).unwrap();
            let spoilt = ORDER.replace(&format!("\"{name}\""), &quoted);
            assert_eq!(
                posted(spoilt.as_bytes()).unwrap_err().kind,
                Kind::PartnerBadResponse,
                "{id:?}"
            );
        }
    }
}

#[test]
fn an_order_is_read_with_all_that_was_filled_in() {
    let order = read_order(ORDER_ID, &answer(200, ORDER)).unwrap().unwrap();
    assert_eq!((order.id.as_str(), order.product.as_str()), (ORDER_ID, PRODUCT_ID));
    assert_eq!((order.price.as_str(), order.user.as_str()), (PRICE_ID, USER_ID));
    assert_eq!(order.outcome.status, OrderStatus::Pending);
    assert_eq!(
        order.input["account_number"], "123456789",
        "nine digits are not ours to judge"
    );
    assert_eq!(posted(ORDER.as_bytes()).unwrap(), order);
    let info = include_str!("../../fixtures/mmob/order.info.json");
    let info = read_order(ORDER_ID, &answer(200, info)).unwrap().unwrap();
    assert_eq!(
        info.outcome.required_fields,
        ["engineer_appointment_date", "engineer_apointment_time"]
    );
}

#[test]
fn an_answer_that_cannot_be_used_is_no_order() {
    for (from, to) in [
        ("\"Pending\"", "\"PENDING\""),
        ("\"Pending\"", "null"),
        ("\"prod_id\"", "\"product_id\""),
        ("\"po_1a2b3c4d5e6\"", "\"po_other\""),
        ("\"output\": null", "\"output\": \"text\""),
    ] {
        let spoilt = ORDER.replacen(from, to, 1);
        assert_ne!(spoilt, ORDER);
        let error = read_order(ORDER_ID, &answer(200, &spoilt)).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerBadResponse, "{from} -> {to}");
    }
    for body in ["", "[]", "null", "{}", "<html></html>"] {
        assert_eq!(
            posted(body.as_bytes()).unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{body}"
        );
    }
}

#[test]
fn only_an_empty_404_is_mmobs_own() {
    assert_eq!(read_order(ORDER_ID, &answer(404, "")).unwrap(), None);
    assert_eq!(read_product(PRODUCT_ID, &answer(404, "")).unwrap(), None);
    assert_eq!(read_price(PRICE_ID, &answer(404, "")).unwrap(), None);
    assert_eq!(read_created_price(&answer(404, "")).unwrap(), None);
    for body in ["<html></html>", r#"{"detail":"Not Found"}"#] {
        let error = read_order(ORDER_ID, &answer(404, body)).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerBadResponse);
    }
}

#[test]
fn an_update_is_taken_or_refused_whatever_is_said_with_it() {
    for body in ["", "{}", ORDER] {
        read_update(&answer(200, body)).unwrap();
    }
    let refused = |status, body| read_update(&answer(status, body)).unwrap_err();
    for (status, body, code) in [(404, "", Some("404")), (409, "{}", Some("409")), (422, "{}", None)] {
        let error = refused(status, body);
        assert_eq!(
            (error.kind, error.partner_code.as_deref()),
            (Kind::PartnerRejected, code)
        );
    }
    assert_eq!(refused(404, "{}").kind, Kind::PartnerBadResponse);
    assert_eq!(refused(500, "").kind, Kind::PartnerError);
    assert_eq!(
        refused(401, include_str!("../../fixtures/mmob/unauthorised.json")).kind,
        Kind::PartnerAuth
    );
}

#[test]
fn a_refusal_names_our_fields() {
    let error = read_created_product(&answer(422, REFUSAL)).unwrap_err();
    assert_eq!(error.kind, Kind::PartnerRejected);
    assert_eq!(error.partner_code.as_deref(), Some("type_error.enum"));
    let paths: Vec<_> = error.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["productType", "meta.your_extra_attributes"]);
    assert!(error.fields[1].message.contains("str type expected"));
}

#[test]
fn a_product_is_read_alone_and_in_pages() {
    let product = read_created_product(&answer(201, PRODUCT)).unwrap();
    assert!(product.enabled, "1 is true");
    assert_eq!(product.external_key.as_deref(), Some(KEY));
    assert_eq!(product.product_type, Some(ProductType::UtilitiesBroadband));
    assert_eq!(
        read_product(PRODUCT_ID, &answer(200, PRODUCT)).unwrap(),
        Some(product.clone())
    );
    assert!(read_product("prod_other", &answer(200, PRODUCT)).is_err());
    let list = include_str!("../../fixtures/mmob/products.answer.json");
    let page = read_products(&answer(200, list)).unwrap();
    assert_eq!((page.items[0].id.as_str(), page.last), (PRODUCT_ID, true));
    assert_eq!((page.items[1].enabled, page.items[1].product_type), (false, None));
    for (size, last) in [("\"size\": null", false), ("\"size\": 2", false), ("\"size\": 3", true)] {
        let sized = list.replace("\"size\": 50", size);
        assert_eq!(read_products(&answer(200, &sized)).unwrap().last, last, "{size}");
    }
    let empty = r#"{"items":[],"total":null,"page":null,"size":null}"#;
    assert!(read_products(&answer(200, empty)).unwrap().last);
    for flag in ["2", "\"yes\"", "null", "1.0"] {
        let spoilt = PRODUCT.replace("\"enabled\": 1", &format!("\"enabled\": {flag}"));
        assert!(read_created_product(&answer(200, &spoilt)).is_err(), "{flag}");
    }
}

#[test]
fn a_price_is_whole_minor_units_of_a_currency() {
    let price = read_price(PRICE_ID, &answer(200, PRICE)).unwrap().unwrap();
    assert_eq!((price.currency.as_str(), price.amount), ("GBP", 3999));
    for (from, to) in [
        ("3999", "39.99"),
        ("3999", "\"3999\""),
        ("GBP", "PND"),
        ("price_7", "price_8"),
    ] {
        let spoilt = PRICE.replace(from, to);
        assert!(read_price(PRICE_ID, &answer(200, &spoilt)).is_err(), "{from} -> {to}");
    }
}

#[test]
fn of_a_user_only_what_delivers_an_order_is_kept() {
    let user = read_user(USER_ID, &answer(200, USER)).unwrap().unwrap();
    assert_eq!(user.address, ["Example Street"]);
    let kept = serde_json::to_string(&user).unwrap();
    for personal in ["1980", "QQ123456C", "000000000", "lisa.nichols"] {
        assert!(USER.contains(personal) && !kept.contains(personal), "{personal}");
    }
    assert_eq!(read_user("tus_other", &answer(200, USER)).unwrap(), None);
}
