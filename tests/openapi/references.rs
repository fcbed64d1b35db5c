//! One schema for one thing: what stands inside other schemas becomes a component, and a `$ref` to it.

use serde_json::{Map, Value, json};

/// What a case and a message have inside, by the member that has it or a list of it.
const NESTED: [(&str, &str); 15] = [
    ("accessories", "CaseAccessory"),
    ("addresses", "CaseAddress"),
    ("calculation", "CaseCalculation"),
    ("case", "CaseMessage"),
    ("caseActivity", "CaseActivity"),
    ("caseObject", "CaseObject"),
    ("caseState", "CaseState"),
    ("caseVariables", "CaseVariable"),
    ("customer", "CaseCustomer"),
    ("details", "CaseCustomerDetails"),
    ("expenses", "CaseExpense"),
    ("objectRegistry", "CaseObjectRegistry"),
    ("refusedDocuments", "RefusedDocument"),
    ("signatories", "CaseSignatory"),
    ("variables", "CaseVariable"),
];
/// The schemas that are made from tables of members, so that everything stands inside them.
const TABLES: [&str; 5] = ["CaseMessage", "NewMessage", "NewCase", "CaseChanges", "CaseView"];

type Schemas = Map<String, Value>;

pub fn share(document: &mut Value) {
    let Value::Object(schemas) = document["components"]["schemas"].take() else {
        panic!("the document has no schemas");
    };
    let mut schemas = schemas;
    name_data(&mut schemas);
    for table in TABLES {
        let mut schema = schemas.remove(table).unwrap();
        nest(&mut schema, &mut schemas);
        schemas.insert(table.to_owned(), schema);
    }
    let known: Vec<(String, Value)> = schemas
        .iter()
        .filter(|(_, schema)| has_structure(schema))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    for schema in schemas.values_mut() {
        refer_inside(schema, &known);
        explain(schema);
    }
    document["components"]["schemas"] = Value::Object(schemas);
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The content of an envelope is a schema of its own: `Success_QuoteView` has a `QuoteView`.
fn name_data(schemas: &mut Schemas) {
    let envelopes: Vec<String> = schemas
        .keys()
        .filter(|name| envelope(name).is_some())
        .cloned()
        .collect();
    for name in envelopes {
        let mut inner = envelope(&name).unwrap();
        let mut data = schemas[&name]["properties"]["data"].take();
        let mut place = &mut data;
        if place["type"] == "array" {
            inner = inner.trim_start_matches("Vec_");
            place = &mut place["items"];
        }
        if place.get("$ref").is_none() {
            let content = place.take();
            *place = reference(inner);
            let known = schemas.entry(inner).or_insert(content.clone());
            assert_eq!(*known, content, "{inner} is two things");
        }
        let what = if data["type"] == "array" {
            "The entries."
        } else {
            "The content."
        };
        data["description"] = json!(what);
        schemas[&name]["properties"]["data"] = data;
    }
}

pub fn envelope(name: &str) -> Option<&str> {
    name.strip_prefix("Success_").or_else(|| name.strip_prefix("Listed_"))
}

/// Gives what stands inside this schema its names.
fn nest(schema: &mut Value, schemas: &mut Schemas) {
    let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (member, value) in members {
        let place = match value.get("items") {
            Some(_) => &mut value["items"],
            None => value,
        };
        if place.get("properties").is_none() {
            continue;
        }
        nest(place, schemas);
        let named = NESTED.iter().find(|(known, _)| known == member);
        let (_, name) = named.unwrap_or_else(|| panic!("`{member}` needs a name for its schema"));
        hoist(place, name, schemas);
    }
}

fn hoist(place: &mut Value, name: &str, schemas: &mut Schemas) {
    let mut content = place.take();
    let is_nullable = content["type"].is_array();
    let meaning = content.get("description").cloned();
    content["type"] = json!("object");
    only_one(&mut content);
    let known = schemas.entry(name).or_insert(content.clone());
    assert_eq!(known["properties"], content["properties"], "{name} is two things");
    *place = if is_nullable {
        json!({"oneOf": [reference(name), {"type": "null"}]})
    } else {
        reference(name)
    };
    if let Some(meaning) = meaning {
        place["description"] = meaning;
    }
}

/// Of two members it has one, in words that a validator knows and a generator of clients skips: alternatives would become
/// types of their own.
fn only_one(schema: &mut Value) {
    let Some(names) = schema.as_object_mut().unwrap().remove("x-one-of") else {
        return;
    };
    let has = |name: &Value| {
        let member = schema["properties"][name.as_str().unwrap()]["description"].clone();
        json!({"required": [name], "properties": {name.as_str().unwrap(): {"description": member}}})
    };
    let (one, other) = (has(&names[0]), has(&names[1]));
    schema["if"] = one;
    schema["then"] = json!({"not": other});
    schema["else"] = other;
}

fn has_structure(schema: &Value) -> bool {
    ["properties", "allOf", "oneOf", "enum"]
        .iter()
        .any(|member| schema.get(*member).is_some())
}

/// Replaces what is inside and equals a component.
fn refer_inside(schema: &mut Value, known: &[(String, Value)]) {
    let inside: Vec<&mut Value> = match schema {
        Value::Object(members) => members.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => return,
    };
    for value in inside {
        match known.iter().find(|(_, schema)| schema == value) {
            Some((name, _)) => *value = reference(name),
            None => refer_inside(value, known),
        }
    }
}

/// What a member means stands at the member: not inside an alternative, and not nowhere because a derive makes the member.
fn explain(schema: &mut Value) {
    let alternatives = schema.get_mut("oneOf").and_then(Value::as_array_mut);
    for alternative in alternatives.into_iter().flatten() {
        explain(alternative);
    }
    for (name, member) in schema
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        let inner = member.pointer_mut("/oneOf/0").and_then(Value::as_object_mut);
        if let Some(meaning) = inner.and_then(|inner| inner.remove("description")) {
            member["description"] = meaning;
        }
        if name == "kind" && member.get("enum").is_some() && member.get("description").is_none() {
            member["description"] = json!("Names the alternative.");
        }
    }
}

/// Where each member of a schema lacks a description, by path.
pub fn unexplained(path: &str, schema: &Value, found: &mut Vec<String>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        if member["description"].as_str().is_none_or(str::is_empty) {
            found.push(path.clone());
        }
        unexplained(&path, member, found);
    }
    for (name, inner) in schema.as_object().into_iter().flatten() {
        match inner {
            Value::Array(each) if name != "enum" && name != "required" => {
                each.iter().for_each(|one| unexplained(path, one, found));
            }
            Value::Object(_) if name != "properties" && name != "example" => unexplained(path, inner, found),
            _ => {}
        }
    }
}
