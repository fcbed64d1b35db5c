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

/// A member is left out, or has one of five values.
const CHANGES: usize = 6;

/// What a member becomes. `None` leaves it out.
type Change<'a> = (&'a str, Option<Value>);

type FaultSet = BTreeSet<(String, String)>;

/// A good request of a type.
struct GoodRequest<'a> {
    body: Value,
    path: &'a [(&'a str, &'a str)],
}

/// Holds that `T` names exactly the faulty members of a request, all at once and in words of the API. The members of the path are
/// not in the sample.
#[track_caller]
#[expect(clippy::expect_used, reason = "for tests")]
pub fn assert_faults_are_named<T: Input>(sample: &str, path: &[(&str, &str)]) {
    let body: Value = serde_json::from_str(sample).expect("the sample is JSON");
    let mut places = Vec::new();
    list_members(&body, "", &mut places);
    let good = GoodRequest { body, path };
    assert_eq!(good.faults::<T>(&[]), FaultSet::new(), "the sample is good");
    let changes: Vec<_> = places.iter().flat_map(|place| good.changes::<T>(place)).collect();
    for (index, (first, of_first)) in changes.iter().enumerate() {
        let others = changes.iter().skip(index + 1);
        for (second, of_second) in others.filter(|(second, _)| are_apart(first.0, second.0)) {
            let both = of_first.union(of_second).cloned().collect();
            assert_eq!(good.faults::<T>(&[first, second]), both, "{first:?}, {second:?}");
        }
    }
    let is_leaf = |place: &str| {
        places
            .iter()
            .all(|other| place.starts_with(other.as_str()) || are_apart(place, other))
    };
    for kind in 0..CHANGES {
        let of_kind = changes.iter().skip(kind).step_by(CHANGES);
        let of_leaves = of_kind.filter(|(change, _)| is_leaf(change.0));
        let (all, each): (Vec<_>, Vec<_>) = of_leaves.map(|(change, found)| (change, found)).unzip();
        let wanted = each.into_iter().flatten().cloned().collect();
        assert_eq!(good.faults::<T>(&all), wanted, "all at once");
    }
}

impl GoodRequest<'_> {
    /// What becomes of the request if one member is absent or has a wrong value.
    fn changes<'a, T: Input>(&self, place: &'a str) -> [(Change<'a>, FaultSet); CHANGES] {
        let named = in_words(place);
        let absent = self.faults::<T>(&[&(place, None)]);
        let is_alone = absent.iter().all(|(path, why)| *path == named && why == "is missing");
        assert!(is_alone, "{place}: {absent:?}");
        let null = self.faults::<T>(&[&(place, Some(Value::Null))]);
        assert_eq!(null, absent, "{place}: null is absent");
        let values = [
            None,
            Some(Value::Bool(true)),
            Some((-0.5).into()),
            Some(CANARY.into()),
            Some(Value::Array(vec![CANARY.into()])),
            Some(serde_json::json!({CANARY: CANARY})),
        ];
        values.map(|value| {
            let change = (place, value);
            let found = self.faults::<T>(&[&change]);
            for (path, why) in &found {
                // A rule can be about all members of an outer value.
                let is_near = is_within(path, &named, '.') || is_within(&named, path, '.');
                assert!(is_near, "{change:?}: {found:?}");
                assert_in_words(why);
            }
            (change, found)
        })
    }

    #[expect(clippy::expect_used, reason = "for tests")]
    fn faults<T: Input>(&self, changes: &[&Change]) -> FaultSet {
        let mut document = self.body.clone();
        for (place, value) in changes {
            let (outer, name) = place.rsplit_once('/').expect("a pointer to a member");
            let members = document.pointer_mut(outer).and_then(Value::as_object_mut);
            let members = members.expect("only members are listed");
            match value {
                Some(value) => drop(members.insert(name.to_owned(), value.clone())),
                None => drop(members.remove(name)),
            }
        }
        let path = self.path.iter();
        let read = T::read(&Parts {
            path: path
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            content_type: Some("application/json"),
            body: Cow::Owned(document.to_string().into_bytes()),
            ..Parts::default()
        });
        let Err(error) = read else { return FaultSet::new() };
        assert!(error.kind == Kind::Invalid && !error.fields.is_empty(), "{error:?}");
        error
            .fields
            .into_iter()
            .map(|field| (field.path, field.message))
            .collect()
    }
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
    !is_within(one, other, '/') && !is_within(other, one, '/')
}

fn is_within(path: &str, outer: &str, separator: char) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([separator, '[']))
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
