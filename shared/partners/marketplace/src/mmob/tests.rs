//! What is special to MMOB: its 404, its words, its flags and prices, and the members of a user that the hub keeps.

use call::testing::answer;
use model::Kind;
use model::order::OrderStatus;
use model::product::ProductType;

use super::*;

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

#[test]
fn the_path_of_a_price_is_configured() {
    let call = Mmob.price("/prices/{price}?of={product}", "p", "r").unwrap();
    assert_eq!(call.request.uri(), "/prices/r?of=p");
    for path in ["/prices/{id}", "prices/{price}"] {
        let error = Mmob.price(path, "p", "r").unwrap_err();
        assert_eq!(error.kind, Kind::Misconfigured, "{path}");
    }
}

#[test]
fn a_posted_order_has_no_hostile_id() {
    for id in call::testing::HOSTILE_IDS {
        for name in [ORDER_ID, PRODUCT_ID, PRICE_ID, USER_ID] {
            let quoted = serde_json::to_string(id).unwrap();
            let changed = ORDER.replace(&format!("\"{name}\""), &quoted);
            let error = Mmob.posted(changed.as_bytes()).unwrap_err();
            assert_eq!(error.kind, Kind::PartnerBadResponse, "{id:?}");
        }
    }
}

#[test]
fn an_order_is_read_with_the_whole_input() {
    let order = Mmob.read_order(ORDER_ID, &answer(200, ORDER)).unwrap().unwrap();
    assert_eq!((order.id.as_str(), order.product.as_str()), (ORDER_ID, PRODUCT_ID));
    assert_eq!((order.price.as_str(), order.user.as_str()), (PRICE_ID, USER_ID));
    assert_eq!(order.outcome.status, OrderStatus::Pending);
    assert_eq!(
        order.input["account_number"], "123456789",
        "the adapter accepts nine digits"
    );
    let info = include_str!("../../fixtures/mmob/order.info.json");
    let info = Mmob.read_order(ORDER_ID, &answer(200, info)).unwrap().unwrap();
    assert_eq!(
        info.outcome.required_fields,
        ["engineer_appointment_date", "engineer_apointment_time"]
    );
}

#[test]
fn an_unusable_answer_is_no_order() {
    for (from, to) in [
        ("\"Pending\"", "\"PENDING\""),
        ("\"Pending\"", "null"),
        ("\"prod_id\"", "\"product_id\""),
        ("\"po_1a2b3c4d5e6\"", "\"po_other\""),
        ("\"output\": null", "\"output\": \"text\""),
    ] {
        let changed = ORDER.replacen(from, to, 1);
        assert_ne!(changed, ORDER);
        let error = Mmob.read_order(ORDER_ID, &answer(200, &changed)).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerBadResponse, "{from} -> {to}");
    }
    for body in ["", "[]", "null", "{}", "<html></html>"] {
        let error = Mmob.posted(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerBadResponse, "{body}");
    }
}

#[test]
fn only_an_empty_404_is_mmobs_own() {
    for body in ["<html></html>", r#"{"detail":"Not Found"}"#] {
        let error = Mmob.read_order(ORDER_ID, &answer(404, body)).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerBadResponse);
        let error = Mmob.read_update(&answer(404, body)).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerBadResponse);
    }
}

#[test]
fn a_refused_update_has_the_status_as_its_code() {
    for (status, body, code) in [(404, "", Some("404")), (409, "{}", Some("409")), (422, "{}", None)] {
        let error = Mmob.read_update(&answer(status, body)).unwrap_err();
        assert_eq!(
            (error.kind, error.partner_code.as_deref()),
            (Kind::PartnerRejected, code)
        );
    }
}

#[test]
fn a_refusal_names_our_fields() {
    let error = Mmob.read_created_product(&answer(422, REFUSAL)).unwrap_err();
    assert_eq!(error.kind, Kind::PartnerRejected);
    assert_eq!(error.partner_code.as_deref(), Some("type_error.enum"));
    let paths: Vec<_> = error.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["productType", "meta.your_extra_attributes"]);
    assert!(error.fields[1].message.contains("str type expected"));
}

#[test]
fn a_product_is_read_alone_and_in_pages() {
    let product = Mmob.read_created_product(&answer(201, PRODUCT)).unwrap();
    assert!(product.enabled, "1 is true");
    assert_eq!(product.external_key.as_deref(), Some(KEY));
    assert_eq!(product.product_type, Some(ProductType::UtilitiesBroadband));
    let read = Mmob.read_product(PRODUCT_ID, &answer(200, PRODUCT)).unwrap();
    assert_eq!(read, Some(product));
    assert!(Mmob.read_product("prod_other", &answer(200, PRODUCT)).is_err());
    let list = include_str!("../../fixtures/mmob/products.answer.json");
    let page = Mmob.read_products(&answer(200, list)).unwrap();
    assert_eq!((page.items[0].id.as_str(), page.last), (PRODUCT_ID, true));
    assert_eq!((page.items[1].enabled, page.items[1].product_type), (false, None));
    for (size, last) in [("\"size\": null", false), ("\"size\": 2", false), ("\"size\": 3", true)] {
        let sized = list.replace("\"size\": 50", size);
        assert_eq!(Mmob.read_products(&answer(200, &sized)).unwrap().last, last, "{size}");
    }
    let empty = r#"{"items":[],"total":null,"page":null,"size":null}"#;
    assert!(Mmob.read_products(&answer(200, empty)).unwrap().last);
    let flagged = |flag: &str| {
        let changed = PRODUCT.replace("\"enabled\": 1", &format!("\"enabled\": {flag}"));
        Mmob.read_created_product(&answer(200, &changed))
    };
    for flag in ["2", "\"yes\"", "null", "1.5", "-1"] {
        assert!(flagged(flag).is_err(), "{flag}");
    }
    for (flag, enabled) in [("true", true), ("1.0", true), ("\"1\"", true), ("0.0", false)] {
        assert_eq!(flagged(flag).unwrap().enabled, enabled, "{flag}");
    }
}

#[test]
fn a_price_is_whole_minor_units_of_a_currency() {
    let price = Mmob.read_price(PRICE_ID, &answer(200, PRICE)).unwrap().unwrap();
    assert_eq!((price.currency.as_str(), price.amount), ("GBP", 3999));
    for same in ["3999.0", "\"3999\"", "\"3999.00\"", "3.999e3"] {
        let changed = PRICE.replace("3999", same);
        let read = Mmob.read_price(PRICE_ID, &answer(200, &changed)).unwrap();
        assert_eq!(read.as_ref(), Some(&price), "{same}");
    }
    for (from, to) in [
        ("3999", "39.99"),
        ("3999", "\"39.99\""),
        ("GBP", "PND"),
        ("price_7", "price_8"),
    ] {
        let changed = PRICE.replace(from, to);
        assert!(
            Mmob.read_price(PRICE_ID, &answer(200, &changed)).is_err(),
            "{from} -> {to}"
        );
    }
}

#[test]
fn the_hub_keeps_of_a_user_only_what_delivery_needs() {
    let user = Mmob.read_user(USER_ID, &answer(200, USER)).unwrap().unwrap();
    assert_eq!(user.address, ["Example Street"]);
    let kept = serde_json::to_string(&user).unwrap();
    for personal in ["1980", "QQ123456C", "000000000", "lisa.nichols"] {
        assert!(USER.contains(personal) && !kept.contains(personal), "{personal}");
    }
    assert_eq!(Mmob.read_user("tus_other", &answer(200, USER)).unwrap(), None);
}
