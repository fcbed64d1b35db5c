//! The behaviour suite for every marketplace, on the fixtures in `fixtures/<name>/`.

use std::collections::BTreeMap;

use call::segment;
use call::testing::{Fixtures, Operation, Reading, SuiteMember, check};
use model::Kind;
use model::order::OrderOutcome;
use model::product::{NewFulfilment, NewPrice, NewProduct, Product, ProductType};

use crate::{Marketplace, Mmob};

type Adapter = &'static dyn Marketplace;

/// Every marketplace, with the path of its prices.
const MEMBERS: [(Adapter, &str); 1] = [(&Mmob, crate::PRICE_PATH)];

const KEY: &str = "0190d5a0-0000-7000-8000-000000000004";
const ORDER: &str = "po_1a2b3c4d5e6";
const PRODUCT: &str = "prod_EfeUDJnTVdDigaqQ9rMaC";
const PRICE: &str = "price_7f8g9h0i1j2";
const USER: &str = "tus_3k4l5m6n7o8";
/// The output of a fulfilled order belongs to the user.
const OUTPUT: &str = "Value";

#[test]
fn every_marketplace_behaves() {
    for (marketplace, price_path) in MEMBERS {
        check(&SuiteMember {
            name: marketplace.name(),
            auth: marketplace.auth(),
            loggable: marketplace.loggable(),
            fixtures: Fixtures::load(env!("CARGO_MANIFEST_DIR"), marketplace.name()),
            operations: [
                orders(marketplace),
                updates(marketplace),
                products(marketplace),
                prices(marketplace, price_path),
            ]
            .into_iter()
            .flatten()
            .collect(),
            personal: vec![OUTPUT.into()],
            kind_of,
        });
    }
}

fn kind_of(status: u16) -> Kind {
    match status {
        400 | 422 => Kind::PartnerRejected,
        401 | 403 => Kind::PartnerAuth,
        429 => Kind::PartnerThrottled,
        500..=599 => Kind::PartnerError,
        _ => Kind::PartnerBadResponse,
    }
}

/// What a reader found, if it is about the id in the request.
fn found<T: std::fmt::Debug>(value: Option<T>, id: impl Fn(&T) -> &str, wanted: &str) -> Reading {
    value.map_or(Reading::Absent, |value| Reading::of(id(&value) == wanted, &value))
}

fn orders(marketplace: Adapter) -> Vec<Operation> {
    let order = move |answer: &_| {
        let order = marketplace.read_order(ORDER, answer)?;
        if let Some(order) = &order {
            assert_eq!(
                &marketplace.posted(&answer.body)?,
                order,
                "a webhook posts the same order"
            );
        }
        Ok(found(order, |order| &order.id, ORDER))
    };
    let user = move |answer: &_| {
        let user = marketplace.read_user(USER, answer)?;
        Ok(found(user, |user| &user.id, USER))
    };
    vec![
        Operation::new("order", marketplace.order(ORDER))
            .may_be_absent()
            .read(order)
            .of_id(move |id| marketplace.order(id)),
        Operation::new("user", marketplace.user(USER))
            .read(user)
            .of_id(move |id| marketplace.user(id)),
    ]
}

fn updates(marketplace: Adapter) -> Vec<Operation> {
    let fields = ["engineer_appointment_date", "engineer_apointment_time"];
    let output = BTreeMap::from([("key".to_owned(), OUTPUT.to_owned())]);
    [
        ("order-update-succesful", OrderOutcome::succesful(output)),
        (
            "order-update-info",
            OrderOutcome::need_more_info(fields.map(Into::into).into()),
        ),
        ("order-update-failed", OrderOutcome::failed("PBX Over capacity")),
    ]
    .into_iter()
    .map(|(fixture, outcome)| {
        let taken = move |answer: &_| match marketplace.read_update(answer) {
            Err(error) if error.partner_code.as_deref() == Some("404") => Ok(Reading::Absent),
            other => other.map(|()| Reading::Sound),
        };
        Operation::new(fixture, marketplace.update(ORDER, &outcome))
            .status_decides()
            .read(taken)
            .may_be_absent()
            .kind(409, Kind::PartnerRejected)
            .of_id(move |id| marketplace.update(id, &outcome))
    })
    .collect()
}

fn products(marketplace: Adapter) -> Vec<Operation> {
    let is_usable = |product: &Product| segment(&product.id).is_ok();
    let created = move |answer: &_| {
        let product = marketplace.read_created_product(answer)?;
        Ok(Reading::of(is_usable(&product), &product))
    };
    let product = move |answer: &_| {
        let product = marketplace.read_product(PRODUCT, answer)?;
        Ok(found(product, |product| &product.id, PRODUCT))
    };
    let listed = move |answer: &_| {
        let page = marketplace.read_products(answer)?;
        Ok(Reading::of(page.items.iter().all(is_usable), &page))
    };
    vec![
        Operation::new("product", marketplace.create_product(&new_product(), KEY))
            .not_repeatable()
            .read(created),
        Operation::new("product", marketplace.product(PRODUCT))
            .may_be_absent()
            .read(product)
            .of_id(move |id| marketplace.product(id)),
        Operation::new("products", marketplace.products(0)).read(listed),
    ]
}

fn prices(marketplace: Adapter, path: &'static str) -> Vec<Operation> {
    let created = move |answer: &_| {
        let price = marketplace.read_created_price(answer)?;
        Ok(price.map_or(Reading::Absent, |price| Reading::of(segment(&price.id).is_ok(), &price)))
    };
    let price = move |answer: &_| {
        let price = marketplace.read_price(PRICE, answer)?;
        Ok(found(price, |price| &price.id, PRICE))
    };
    vec![
        Operation::new("price", marketplace.create_price(PRODUCT, &new_price()))
            .not_repeatable()
            .may_be_absent()
            .read(created)
            .of_id(move |id| marketplace.create_price(id, &new_price())),
        Operation::new("price", marketplace.price(path, PRODUCT, PRICE))
            .may_be_absent()
            .read(price)
            .of_id(move |id| marketplace.price(path, id, PRICE))
            .of_id(move |id| marketplace.price(path, PRODUCT, id)),
    ]
}

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
    NewPrice {
        name: "Monhtly payment".into(),
        currency: "GBP".parse().unwrap(),
        amount: 3999,
    }
}
