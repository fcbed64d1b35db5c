//! Random partial updates: the stored case equals a model that does not know how it is stored.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::fixtures::{CASE, case_row, changes, dealer_with_case, json, without_progress};

/// A thousand updates: this many cases, each with `UPDATES`.
const RUNS: u32 = 50;
const UPDATES: usize = 20;

/// Some of these members.
fn some(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let each: Vec<_> = members
        .into_iter()
        .map(|(name, value)| prop_oneof![2 => Just(None), 1 => value.prop_map(move |value| Some((name, value)))])
        .collect();
    let object = each.prop_map(|members| {
        members
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.to_owned(), value))
    });
    object.prop_map(|members| Value::Object(members.collect())).boxed()
}

fn or_null(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![4 => value, 1 => Just(Value::Null)].boxed()
}

fn text() -> BoxedStrategy<Value> {
    or_null("[a-zæøå\"\\\\ ]{0,6}".prop_map(Value::from))
}

fn number() -> BoxedStrategy<Value> {
    or_null((-1000i64..1_000_000_000).prop_map(Value::from))
}

fn flag() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::from).boxed()
}

fn one_of(codes: &'static [i64]) -> BoxedStrategy<Value> {
    prop::sample::select(codes).prop_map(Value::from).boxed()
}

/// A member outside the schema: any JSON.
fn unknown() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(3, 12, 3, |inner| {
        let object = btree_map("[abc]", inner.clone(), 0..3);
        prop_oneof![
            vec(inner, 0..3).prop_map(Value::from),
            object.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    nested.boxed()
}

fn item(alternatives: [&'static str; 2], exactly_one: bool) -> impl Strategy<Value = Value> {
    (1i64..20_000, 0i64..1000, any::<bool>(), any::<bool>()).prop_map(move |(code, amount, first, both)| {
        let [one, other] = alternatives;
        let (name, left) = if first { (one, other) } else { (other, one) };
        let mut item = serde_json::json!({"typeCode": code});
        item[name] = match name {
            "value" => Value::from(amount.to_string()),
            _ => Value::from(amount),
        };
        if both && !exactly_one {
            item[left] = Value::Null;
        }
        item
    })
}

fn list(alternatives: [&'static str; 2], exactly_one: bool) -> BoxedStrategy<Value> {
    or_null(vec(item(alternatives, exactly_one), 0..4).prop_map(Value::from))
}

fn update() -> BoxedStrategy<Value> {
    let registry = some(vec![
        ("modelName", text()),
        ("mileage", number()),
        ("isNew", flag()),
        ("vin", unknown()),
    ]);
    let object = some(vec![
        ("price", number()),
        ("vatExempt", flag()),
        ("expenses", list(["openCharge", "amount"], true)),
        ("objectRegistry", or_null(registry)),
    ]);
    let calculation = some(vec![
        ("downPayment", number()),
        ("duration", number()),
        ("admininstrationFeeIsManual", flag()),
        ("rounding", unknown()),
    ]);
    some(vec![
        ("dealer", one_of(&[808, 730])),
        ("brandCode", one_of(&[1, 4, 10])),
        ("agreementCode", one_of(&[2700, 3600])),
        ("externalSystemReference", text()),
        ("calculation", or_null(calculation)),
        ("caseObject", or_null(object)),
        ("caseVariables", list(["value", "moneyValue"], false)),
        ("extra", unknown()),
        ("more", unknown()),
    ])
}

/// The model: RFC 7396, in one casing.
fn merge(case: &mut Value, changes: &Value) {
    let Value::Object(changes) = changes else {
        *case = changes.clone();
        return;
    };
    if !case.is_object() {
        *case = Value::Object(Map::new());
    }
    for (name, value) in changes {
        let members = case.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Every name in lower case, because a client may write them in any casing.
fn lower(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let lowered = members.iter().map(|(name, value)| (name.to_lowercase(), lower(value)));
            Value::Object(lowered.collect())
        }
        Value::Array(items) => items.iter().map(lower).collect(),
        value => value.clone(),
    }
}

/// Writes some names in another casing and some amounts as text, differently in every `turn`.
fn disguised(value: &Value, turn: &mut usize) -> Value {
    *turn += 1;
    let odd = *turn;
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let shouted = odd.is_multiple_of(3) || (odd.is_multiple_of(2) && name.len().is_multiple_of(2));
                let written = if shouted { name.to_uppercase() } else { name.clone() };
                let value = match (name.as_str(), value) {
                    ("downPayment" | "price" | "moneyValue" | "dealer", Value::Number(number))
                        if odd.is_multiple_of(2) =>
                    {
                        Value::from(number.to_string())
                    }
                    (_, value) => disguised(value, turn),
                };
                (written, value)
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => items.iter().map(|item| disguised(item, turn)).collect(),
        value => value.clone(),
    }
}

async fn agrees(updates: Vec<Value>) {
    let dealer = dealer_with_case().await;
    let mut model = lower(&without_progress(dealer.get(CASE).await.json()));
    for (turn, update) in updates.iter().enumerate() {
        let body = disguised(update, &mut turn.clone()).to_string();
        let got = dealer.put(CASE, &body).await;
        assert_eq!(got.status, 200, "{body}: {}", got.text);
        merge(&mut model, &lower(update));
        assert_eq!(lower(&got.json()), model, "answered to {body}");
        assert_eq!(
            lower(&without_progress(dealer.get(CASE).await.json())),
            model,
            "stored after {body}"
        );
    }
    // Upstream receives the stored changes one by one, and they result in the same case.
    let mut sent = Value::Object(Map::new());
    for change in changes(&dealer, 1).await {
        merge(&mut sent, &lower(&json(&change.body)));
    }
    model.as_object_mut().unwrap().remove("sequence");
    assert_eq!(sent, model);
    assert_eq!(case_row(&dealer, 1).await.dealer, model["dealer"]);
}

#[test]
fn the_stored_case_equals_the_model() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(RUNS));
    let runs = runner.run(&vec(update(), UPDATES), |updates| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(agrees(updates));
        Ok(())
    });
    runs.unwrap();
}
