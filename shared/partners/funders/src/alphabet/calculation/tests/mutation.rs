//! Arbitrary changes of a good answer.

use call::testing::{Place, places};
use model::quote::Price;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ANSWER, priced};

/// A new value for a member.
fn substitute() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            json!(null),
            json!(true),
            json!("x"),
            json!([]),
            json!({}),
            json!(0),
            json!(-1),
            json!(1e300),
            json!(1e-300),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(100_000_000),
            json!(717.83),
            json!(718.1),
            json!(12160),
            json!(40502.15),
            json!(0.001),
            json!("0190d5a0-0000-7000-8000-000000000001"),
            json!("PCP"),
        ]),
        (0_i32..5_000_000).prop_map(|pence| json!(f64::from(pence) / 100.0)),
        (0_u32..200).prop_map(|number| json!(number)),
    ]
}

#[derive(Clone, Debug)]
enum Mutation {
    Replace(prop::sample::Index, Value),
    Remove(prop::sample::Index),
    Repeat(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        4 => (place(), substitute()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        1 => place().prop_map(Mutation::Remove),
        1 => place().prop_map(Mutation::Repeat),
        1 => (place(), place()).prop_map(|(one, other)| Mutation::Swap(one, other)),
    ]
}

fn mutate(document: &mut Value, mutation: Mutation) {
    let found = places(document);
    let place = |at: prop::sample::Index| -> &Place { at.get(found.as_slice()) };
    if found.is_empty() {
        return;
    }
    match mutation {
        Mutation::Replace(at, value) => place(at).replace(document, value),
        Mutation::Remove(at) => place(at).remove(document),
        Mutation::Repeat(at) => {
            let value = document.pointer(&place(at).pointer()).unwrap().clone();
            if let Value::Array(entries) = document.pointer_mut(&place(at).parent).unwrap() {
                entries.push(value);
            }
        }
        Mutation::Swap(one, other) => {
            let (one, other) = (place(one).pointer(), place(other).pointer());
            if !one.starts_with(&other) && !other.starts_with(&one) {
                let value = document.pointer(&one).unwrap().clone();
                let value = std::mem::replace(document.pointer_mut(&other).unwrap(), value);
                *document.pointer_mut(&one).unwrap() = value;
            }
        }
    }
}

fn pence(amount: &Value) -> i64 {
    let text = format!("{:.2}", amount.as_f64().unwrap());
    text.replace('.', "").parse().unwrap()
}

/// A whole number may have a fraction of zero.
fn count(number: &Value) -> i64 {
    let number = format!("{:.0}", number.as_f64().unwrap());
    number.parse().unwrap()
}

/// Reads the document a second time, without the adapter: the price must be a schedule of our vehicle that adds up.
fn holds(price: &Price, document: &Value) -> bool {
    let vehicles = document["Vehicles"].as_array().unwrap();
    let vehicle = vehicles
        .iter()
        .find(|vehicle| vehicle["Id"] == crate::sample::REFERENCE)
        .unwrap();
    let quotations = vehicle["FinanceQuotations"].as_array().unwrap();
    quotations.iter().any(|quotation| {
        let quote = &quotation["Finance"]["Quote"];
        if quotation["HasError"] == true || quotation["Finance"]["Key"] != "PCP" || !quote.is_object() {
            return false;
        }
        let payments = quote["Payments"].as_array().unwrap().iter();
        let payments = payments.map(|one| pence(&one["Amount"]) * count(&one["NumberOfPayments"]));
        let (scheduled, deposit) = (payments.sum::<i64>(), pence(&quote["TotalDeposit"]));
        let balloon = price.balloon_payment.map_or(0, |balloon| balloon.minor);
        price.total_amount.minor + balloon == scheduled
            && price.total_amount_payable.minor == scheduled + deposit
            && price.total_amount_payable.minor == pence(&quote["TotalAmountPayable"])
            && price.monthly_payment.minor == pence(&quote["RegularPayment"])
            && price.monthly_payment.minor > 0
            && price.term > 0
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_changed_document_gives_no_price_beside_its_schedule(
        mutations in prop::collection::vec(mutation(), 1..5),
    ) {
        let mut document: Value = serde_json::from_str(ANSWER).unwrap();
        for mutation in mutations {
            mutate(&mut document, mutation);
        }
        let body = document.to_string();
        if let Ok(price) = priced(body.as_bytes()) {
            prop_assert!(holds(&price, &document), "{body}\n{price:?}");
        }
    }

    #[test]
    fn changed_bytes_give_no_price_beside_the_schedule(
        at in any::<prop::sample::Index>(), cut in 0_usize..6, put in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let mut body = ANSWER.as_bytes().to_vec();
        let at = at.index(body.len());
        let end = (at + cut).min(body.len());
        body.splice(at..end, put);
        // A part that the adapter does not read may be no text, or no JSON.
        let text = String::from_utf8_lossy(&body);
        if let (Ok(price), Ok(document)) = (priced(&body), serde_json::from_str(&text)) {
            prop_assert!(holds(&price, &document), "{text}\n{price:?}");
        }
    }
}
