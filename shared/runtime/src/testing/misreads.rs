//! The faults of a request type: members of a good sample are left out or replaced, one by one, in pairs and all together.

use std::borrow::Cow;
use std::collections::BTreeSet;

use model::Kind;
use serde_json::Value;

use crate::http::document::{Input, Parts};

/// Words of Rust and serde, which no caller knows.
const FOREIGN: [&str; 18] = [
    "struct", "element", "elements", "enum", "unit", "map", "sequence", "borrowed", "variant", "string", "bool", "u8",
    "u16", "u32", "u64", "i64", "f64", "field",
];
/// No message repeats it.
const CANARY: &str = "qqq\u{7}";

/// What a member becomes. `None` leaves it out.
type Change<'a> = (&'a str, Option<Value>);

/// Holds that `T` names exactly the faulty members of a request, all at once and in words of the API. The members of the path are
/// not in the sample.
#[track_caller]
#[expect(clippy::unwrap_used, reason = "a test's sample")]
pub fn assert_faults_are_named<T: Input>(sample: &str, path: &[(&str, &str)]) {
    let sample: Value = serde_json::from_str(sample).unwrap();
    let faults = |changes: &[&Change]| faults::<T>(&sample, path, changes);
    assert_eq!(faults(&[]), BTreeSet::new(), "the sample is good");
    let mut places = Vec::new();
    list_members(&sample, "", &mut places);
    let mut changes: Vec<(Change, _)> = Vec::new();
    for place in &places {
        let absent = faults(&[&(place.as_str(), None)]);
        let is_alone = absent
            .iter()
            .all(|(path, why)| (path, why.as_str()) == (&in_words(place), "is missing"));
        assert!(is_alone && absent.len() <= 1, "{place}: {absent:?}");
        let null = faults(&[&(place.as_str(), Some(Value::Null))]);
        assert_eq!(null, absent, "{place}: null is absent");
        changes.push(((place, None), absent));
        for value in [
            Value::Bool(true),
            (-0.5).into(),
            CANARY.into(),
            Value::Array(vec![CANARY.into()]),
            serde_json::json!({CANARY: CANARY}),
        ] {
            let change = (place.as_str(), Some(value));
            let found = faults(&[&change]);
            for (path, why) in &found {
                // A rule can be about all members of an outer value.
                let is_around = in_words(place)
                    .strip_prefix(path.as_str())
                    .is_some_and(|rest| rest.starts_with('.'));
                let is_within = path
                    .strip_prefix(&in_words(place))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
                assert!(is_within || is_around, "{change:?}: {found:?}");
                assert_in_words(why);
            }
            changes.push((change, found));
        }
    }
    for (index, (first, of_first)) in changes.iter().enumerate() {
        for (second, of_second) in changes.iter().skip(index + 1) {
            if !are_apart(first.0, second.0) {
                continue;
            }
            let both = of_first.union(of_second).cloned().collect();
            assert_eq!(faults(&[first, second]), both, "{first:?}, {second:?}");
        }
    }
    for kind in 0..6 {
        let of_all = changes.iter().skip(kind).step_by(6).filter(|((place, _), _)| {
            places
                .iter()
                .all(|other| other == place || are_apart(place, other) || place.starts_with(other.as_str()))
        });
        let (all, each): (Vec<_>, Vec<_>) = of_all.map(|(change, found)| (change, found)).unzip();
        let wanted = each.into_iter().flatten().cloned().collect();
        assert_eq!(faults(&all), wanted, "all at once");
    }
}

#[expect(clippy::unwrap_used, reason = "a test's sample")]
fn faults<T: Input>(sample: &Value, path: &[(&str, &str)], changes: &[&Change]) -> BTreeSet<(String, String)> {
    let mut document = sample.clone();
    for (place, value) in changes {
        let (outer, name) = place.rsplit_once('/').unwrap();
        match (document.pointer_mut(outer).unwrap(), value) {
            (Value::Object(members), Some(value)) => drop(members.insert(name.to_owned(), value.clone())),
            (Value::Object(members), None) => drop(members.remove(name)),
            _ => unreachable!("only members are listed"),
        }
    }
    let read = T::read(&Parts {
        path: path
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        content_type: Some("application/json"),
        body: Cow::Owned(serde_json::to_vec(&document).unwrap()),
        ..Parts::default()
    });
    let Err(error) = read else { return BTreeSet::new() };
    assert!(error.kind == Kind::Invalid && !error.fields.is_empty(), "{error:?}");
    error
        .fields
        .into_iter()
        .map(|field| (field.path, field.message))
        .collect()
}

/// Every member at every depth, as a JSON pointer.
fn list_members(value: &Value, outer: &str, places: &mut Vec<String>) {
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        let place = format!("{outer}/{name}");
        list_members(value, &place, places);
        places.push(place);
    }
}

fn in_words(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

fn are_apart(one: &str, other: &str) -> bool {
    let is_within = |one: &str, other: &str| {
        one.strip_prefix(other)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !is_within(one, other) && !is_within(other, one)
}

#[track_caller]
fn assert_in_words(message: &str) {
    let words = message.split(|c: char| !c.is_ascii_alphanumeric());
    let foreign: Vec<_> = words.filter(|word| FOREIGN.contains(word)).collect();
    assert!(
        foreign.is_empty() && !message.contains(['`', '\u{7}']) && !message.contains("qqq"),
        "{message}"
    );
}
