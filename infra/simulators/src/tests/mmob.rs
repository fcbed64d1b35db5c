//! MMOB's API: the requests that it takes, and its refusals.

use serde_json::{Value, json};

use super::Simulators;

pub fn product() -> Value {
    json!({
        "name": "Your product", "description": "Your product description.", "enabled": true,
        "meta": { "your_extra_attributes": "value" }, "product_type": "utilities_broadband", "external_key": "key-1",
    })
}

pub fn price() -> Value {
    json!({ "name": "Monhtly payment", "currency": "GBP", "amount": 3999 })
}

fn id(document: &Value) -> String {
    document["id"].as_str().unwrap().to_owned()
}

/// Returns the location of each error.
fn places(document: &Value) -> Vec<Value> {
    let errors = document["detail"].as_array().unwrap();
    errors.iter().map(|error| error["loc"].clone()).collect()
}

#[test]
fn products_are_created_and_listed_in_pages_from_0() {
    let simulators = Simulators::start();
    let created = simulators.mmob("POST", "products", Some(&product()));
    assert_eq!((created.status, &created.json()["enabled"]), (200, &json!(1)));
    let first = created.json();
    let again = simulators.mmob("POST", "products", Some(&product())).json();
    assert_ne!(first["id"], again["id"], "the same product twice is two");
    assert_eq!(
        simulators.mmob("GET", &format!("products/{}", id(&first)), None).json(),
        first
    );
    let page = |query: &str| simulators.mmob("GET", &format!("products?{query}"), None).json();
    let newest = page("page=0&size=1");
    assert_eq!(
        newest,
        json!({ "items": [again], "total": null, "page": null, "size": 1 })
    );
    assert_eq!(page("page=1&size=1")["items"], json!([first]));
    assert_eq!(page("page=2&size=1")["items"], json!([]));
    assert_eq!(page("name=YOUR")["items"].as_array().unwrap().len(), 2);
    assert_eq!(page("category=lending")["items"], json!([]));
    assert_eq!(page("order_sort=asc")["items"][0], first);
    let refused = simulators.mmob("GET", "products?page=-1&size=0", None);
    assert_eq!(refused.status, 422);
    assert_eq!(
        places(&refused.json()),
        [json!(["query", "page"]), json!(["query", "size"])]
    );
}

#[test]
fn a_price_belongs_to_its_product() {
    let simulators = Simulators::start();
    let product = id(&simulators.mmob("POST", "products", Some(&product())).json());
    let created = simulators.mmob("POST", &format!("products/{product}/pricing"), Some(&price()));
    assert_eq!((created.status, &created.json()["amount"]), (200, &json!(3999)));
    let path = format!("products/{product}/pricing/{}", id(&created.json()));
    assert_eq!(simulators.mmob("GET", &path, None).json(), created.json());
    let elsewhere = path.replace(&product, "prod_other");
    assert_eq!(simulators.mmob("GET", &elsewhere, None).status, 404);
}

#[test]
fn an_absent_resource_has_no_body_and_an_unknown_path_has_one() {
    let simulators = Simulators::start();
    for (method, path, body) in [
        ("GET", "products/prod_1", None),
        ("POST", "products/prod_1/pricing", Some(price())),
        ("GET", "products/prod_1/pricing/price_1", None),
        ("GET", "orders/po_1", None),
        ("POST", "orders/po_1", Some(json!({ "status": "Failed", "output": {} }))),
    ] {
        let absent = simulators.mmob(method, path, body.as_ref());
        assert_eq!((absent.status, absent.text.as_str()), (404, ""), "{method} {path}");
    }
    let nowhere = simulators.mmob("GET", "prices/price_1", None);
    assert_eq!(
        (nowhere.status, nowhere.json()),
        (404, json!({ "detail": "Not Found" }))
    );
    let method = simulators.mmob("DELETE", "products/prod_1", None);
    assert_eq!(method.status, 405);
    let wrong_key = simulators.request("GET", "/mmob/products", &[("x-api-key", "wrong")], None);
    assert_eq!(
        (wrong_key.status, wrong_key.json()),
        (403, json!({ "detail": "Not authenticated" }))
    );
}

#[test]
fn refusals_are_fastapis() {
    let simulators = Simulators::start();
    let change = |mut body: Value, name: &str, value: Value| {
        body[name] = value;
        body
    };
    for (body, place) in [
        (
            change(product(), "product_type", json!("boats")),
            json!(["body", "product_type"]),
        ),
        (change(product(), "name", Value::Null), json!(["body", "name"])),
        (
            change(product(), "enabled", json!("perhaps")),
            json!(["body", "enabled"]),
        ),
        (
            change(product(), "meta", json!({ "a": { "b": "c" } })),
            json!(["body", "meta", "a"]),
        ),
        (change(product(), "meta", json!([])), json!(["body", "meta"])),
        (json!([]), json!(["body"])),
    ] {
        let refused = simulators.mmob("POST", "products", Some(&body));
        assert_eq!((refused.status, places(&refused.json())), (422, vec![place]), "{body}");
    }
    let product = id(&simulators.mmob("POST", "products", Some(&product())).json());
    for (name, value) in [
        ("amount", json!(39.99)),
        ("amount", json!("3999")),
        ("amount", json!(-1)),
        ("currency", json!("gbp")),
        ("currency", json!("ZZZ")),
    ] {
        let body = change(price(), name, value);
        let refused = simulators.mmob("POST", &format!("products/{product}/pricing"), Some(&body));
        assert_eq!(
            (refused.status, places(&refused.json())),
            (422, vec![json!(["body", name])]),
            "{body}"
        );
    }
}
