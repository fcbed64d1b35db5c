//! What the log shows of an adapter's bodies: its schema's names, the values that its table allows, and nothing that a caller
//! or a partner puts elsewhere.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::document::{Place, places};
use super::member::SuiteMember;
use super::personal;
use crate::loggable::{Loggable, LoggedMember, Shown};
use crate::redaction::Redaction;

/// Values that a person might have, and no form allows.
const CANARIES: [&str; 8] = [
    "HIV-positive",
    "850101-1234",
    "8501011234",
    "19850101",
    "1985-01-01",
    "Jane Roe",
    "JaneRoe",
    "jane.roe@example.net",
];
/// No redacted body has them. They are in the canaries.
const TRACES: [&str; 7] = ["HIV", "positive", "8501", "1985", "Jane", "Roe", "example.net"];

fn hide(_: &str) -> String {
    "-".to_owned()
}

/// One of the two directions.
#[derive(Clone, Copy)]
struct Direction {
    loggable: &'static Loggable,
    is_request: bool,
}

impl Direction {
    fn both(loggable: &'static Loggable) -> [Self; 2] {
        [true, false].map(|is_request| Self { loggable, is_request })
    }

    fn members(self) -> &'static [LoggedMember] {
        match self.is_request {
            true => self.loggable.request,
            false => self.loggable.answer,
        }
    }

    /// What the log shows. An answer is compared with a request that has all canaries.
    fn redact(self, body: &str) -> String {
        let request = json!({ "-": CANARIES }).to_string();
        match self.is_request {
            true => Redaction::new(self.loggable, body.as_bytes(), &hide).request(),
            false => Redaction::new(self.loggable, request.as_bytes(), &hide).answer(body.as_bytes()),
        }
    }

    /// The fixtures of bodies, with those that are no JSON.
    fn fixtures(self, member: &SuiteMember) -> Vec<String> {
        let is_body = |name: &&str| !["contract", "requests", "absent"].contains(name);
        let names = member.fixtures.names().filter(is_body);
        let names = names.filter(|name| name.ends_with(".request") == self.is_request);
        names.map(|name| member.fixtures.get(name).to_owned()).collect()
    }

    fn documents(self, member: &SuiteMember) -> Vec<Value> {
        let fixtures = self.fixtures(member);
        let documents = fixtures.iter().filter_map(|text| serde_json::from_str(text).ok());
        let mut documents: Vec<Value> = documents.collect();
        documents.dedup();
        documents
    }
}

pub fn check(member: &SuiteMember) {
    for direction in Direction::both(member.loggable) {
        let documents = direction.documents(member);
        the_table_is_the_schema_of_the_fixtures(member, direction, &documents);
        no_personal_member_is_shown(member, Shown::Object(direction.members()));
        for text in direction.fixtures(member) {
            let seen = direction.redact(&text);
            let found = member.personal.iter().find(|value| seen.contains(value.as_str()));
            assert!(found.is_none(), "{} logs {found:?} in {seen}", member.name);
        }
        let whole = sample(Shown::Object(direction.members()));
        for document in documents.iter().chain([&whole]) {
            canaries_are_hidden(member, direction, document);
            known_names_elsewhere_are_hidden(member, direction, document);
        }
    }
}

/// Every entry of the table is in a fixture, and every name of a fixture is in the table.
fn the_table_is_the_schema_of_the_fixtures(member: &SuiteMember, direction: Direction, documents: &[Value]) {
    let root = Shown::Object(direction.members());
    let (mut used, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for document in documents {
        walk(document, root, "", &mut used, &mut unknown);
    }
    let mut declared = BTreeSet::new();
    declare(root, "", &mut declared);
    let dead: Vec<_> = declared.difference(&used).collect();
    assert!(dead.is_empty(), "{}: no fixture has {dead:?}", member.name);
    assert!(unknown.is_empty(), "{}: loggable lacks {unknown:?}", member.name);
}

fn walk(value: &Value, shown: Shown, path: &str, used: &mut BTreeSet<String>, unknown: &mut BTreeSet<String>) {
    match (value, shown) {
        (Value::Object(members), Shown::Object(_)) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                match shown.member(name, &value.to_string()) {
                    Some(inside) => {
                        walk(value, inside, &path, used, unknown);
                        used.insert(path);
                    }
                    None => drop(unknown.insert(path)),
                }
            }
        }
        (Value::Object(members), Shown::Places(inside)) => {
            for value in members.values() {
                walk(value, *inside, path, used, unknown);
            }
        }
        (Value::Array(entries), _) => {
            for value in entries {
                walk(value, shown.entry(), path, used, unknown);
            }
        }
        _ => {}
    }
}

fn declare(shown: Shown, path: &str, declared: &mut BTreeSet<String>) {
    match shown {
        Shown::Object(members) => {
            for (name, inside) in members {
                let path = format!("{path}.{name}");
                declare(*inside, &path, declared);
                declared.insert(path);
            }
        }
        Shown::List(inside) | Shown::Places(inside) => declare(*inside, path, declared),
        _ => {}
    }
}

fn no_personal_member_is_shown(member: &SuiteMember, shown: Shown) {
    match shown {
        Shown::Object(members) => {
            for (name, inside) in members {
                let is_inner = matches!(inside, Shown::Hidden | Shown::Object(_) | Shown::List(_));
                assert!(is_inner || !personal::is_name(name), "{} logs {name}", member.name);
                no_personal_member_is_shown(member, *inside);
            }
        }
        Shown::List(inside) | Shown::Places(inside) => no_personal_member_is_shown(member, *inside),
        _ => {}
    }
}

/// A document with every entry of the table at once.
fn sample(shown: Shown) -> Value {
    match shown {
        Shown::Object(members) => {
            let members = members
                .iter()
                .map(|(name, inside)| ((*name).to_owned(), sample(*inside)));
            Value::Object(members.collect())
        }
        Shown::List(inside) => json!([sample(*inside)]),
        Shown::Places(inside) => json!({"-": sample(*inside)}),
        Shown::Hidden => json!({"-": [{"-": "-"}]}),
        _ => json!("-"),
    }
}

/// Every canary in every object and list of a document: as the value of every name of the tables, in its place and elsewhere,
/// and as a name. In every place: instead of the value.
fn canaries_are_hidden(member: &SuiteMember, direction: Direction, document: &Value) {
    let names = names(direction.loggable);
    let check = |body: &Value, planted: &str| {
        let seen = direction.redact(&body.to_string());
        let trace = TRACES.iter().find(|trace| seen.contains(**trace));
        assert!(
            trace.is_none(),
            "{}: {planted} in {body} is logged: {seen}",
            member.name
        );
    };
    let mut pointers: Vec<String> = places(document).iter().map(Place::pointer).collect();
    pointers.push(String::new());
    for (canary, value) in CANARIES.iter().flat_map(|canary| forms(canary, &names)) {
        for pointer in &pointers {
            let mut planted = document.clone();
            let place = planted.pointer_mut(pointer).unwrap();
            match place {
                Value::Object(members) => {
                    members.insert(canary.to_owned(), value.clone());
                    members.extend(names.iter().map(|name| ((*name).to_owned(), value.clone())));
                }
                Value::Array(entries) => entries.push(value.clone()),
                _ => {}
            }
            check(&planted, canary);
            *planted.pointer_mut(pointer).unwrap() = value.clone();
            check(&planted, canary);
        }
    }
    for canary in CANARIES {
        for body in [
            canary.to_owned(),
            format!("name={canary}"),
            format!("--\r\n\r\n{canary}\r\n----"),
        ] {
            let seen = direction.redact(&body);
            assert_eq!(TRACES.iter().find(|trace| seen.contains(**trace)), None, "{body}");
        }
    }
}

/// In every object, under every name that is not there by the table: the value that stands in the name's own place.
fn known_names_elsewhere_are_hidden(member: &SuiteMember, direction: Direction, document: &Value) {
    let mut objects = Vec::new();
    find_objects(document, Shown::Object(direction.members()), "", &mut objects);
    let mut values = Vec::new();
    for members in [member.loggable.request, member.loggable.answer] {
        well_formed(Shown::Object(members), &mut values);
    }
    let plant = |pointer: &str, name: &str, value: &Value| {
        let mut planted = document.clone();
        planted.pointer_mut(pointer).unwrap()[name] = value.clone();
        let seen = direction.redact(&planted.to_string());
        let is_hidden = !MARKS.iter().any(|mark| seen.contains(mark));
        assert!(is_hidden, "{}: {name} at {pointer:?} is logged: {seen}", member.name);
    };
    for (pointer, shown) in &objects {
        for (name, value) in &values {
            if shown.member(name, &value.to_string()).is_none() {
                plant(pointer, name, value);
                plant(pointer, "HIV-positive", &json!({"-": [{*name: value}], *name: value}));
            }
        }
    }
}

/// Parts of the values of [`well_formed`].
const MARKS: [&str; 4] = ["4711", "2099", "cafe", "mark"];

/// A value for each name, in the name's own form, if the form has room for a mark.
fn well_formed(shown: Shown, found: &mut Vec<(&'static str, Value)>) {
    match shown {
        Shown::Object(members) => {
            for (name, inside) in members {
                let value = match inside {
                    Shown::Number => json!(4711.25),
                    Shown::Count => json!(4711),
                    Shown::Date => json!("2099-12-31"),
                    Shown::Uuid => json!("cafe0000-0000-7000-8000-00000000cafe"),
                    Shown::Id(prefixes) => json!(format!("{}1cafe", prefixes[0])),
                    Shown::Code(_) => json!("mark_of_code"),
                    Shown::Message => json!("a mark is missing"),
                    _ => {
                        well_formed(*inside, found);
                        continue;
                    }
                };
                found.push((name, value));
            }
        }
        Shown::List(inside) | Shown::Places(inside) => well_formed(*inside, found),
        _ => {}
    }
}

fn find_objects(value: &Value, shown: Shown, pointer: &str, found: &mut Vec<(String, Shown)>) {
    match value {
        Value::Object(members) => {
            found.push((pointer.to_owned(), shown));
            for (name, value) in members {
                let inside = match shown {
                    Shown::Places(inside) => Some(*inside),
                    _ => shown.member(name, &value.to_string()),
                };
                let inside = inside.unwrap_or(Shown::Hidden);
                find_objects(value, inside, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(entries) => {
            for (at, value) in entries.iter().enumerate() {
                find_objects(value, shown.entry(), &format!("{pointer}/{at}"), found);
            }
        }
        _ => {}
    }
}

/// A canary as a text or a number, or the first one inside a list and an object.
fn forms<'a>(canary: &'a str, names: &BTreeSet<&'static str>) -> Vec<(&'a str, Value)> {
    let text = json!(canary);
    let mut forms: Vec<Value> = canary.parse::<u64>().ok().map(Value::from).into_iter().collect();
    if CANARIES.first() == Some(&canary) {
        let members = names.iter().map(|name| ((*name).to_owned(), text.clone()));
        forms.extend([json!([text]), Value::Object(members.collect())]);
    }
    forms.push(text);
    forms.into_iter().map(|form| (canary, form)).collect()
}

/// Every name in the tables.
fn names(loggable: &'static Loggable) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    collect(loggable.request, &mut found);
    collect(loggable.answer, &mut found);
    found
}

fn collect(members: &'static [LoggedMember], found: &mut BTreeSet<&'static str>) {
    for (name, shown) in members {
        found.insert(name);
        let mut inside = *shown;
        while let Shown::List(next) | Shown::Places(next) = inside {
            inside = *next;
        }
        if let Shown::Object(members) = inside {
            collect(members, found);
        }
    }
}
