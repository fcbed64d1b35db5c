//! Changes of a JSON document, one at a time.

use serde_json::{Value, json};

/// Stands for a value of the partner's, which no message of ours about an unusable answer may repeat.
pub const CANARY: &str = "canary-51c7";

/// A place in a document: the pointer of the object or array around it, and its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub parent: String,
    pub name: String,
}

impl Place {
    pub fn pointer(&self) -> String {
        format!("{}/{}", self.parent, self.name)
    }

    pub fn replace(&self, document: &mut Value, value: Value) {
        *document.pointer_mut(&self.pointer()).unwrap() = value;
    }

    pub fn remove(&self, document: &mut Value) {
        match document.pointer_mut(&self.parent).unwrap() {
            Value::Array(entries) => drop(entries.remove(self.name.parse().unwrap())),
            Value::Object(members) => drop(members.remove(&self.name)),
            _ => unreachable!("only these have members"),
        }
    }
}

/// Every place in a document, inner ones first.
pub fn places(document: &Value) -> Vec<Place> {
    let mut found = Vec::new();
    collect(document, "", &mut found);
    found
}

fn collect(value: &Value, parent: &str, found: &mut Vec<Place>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(entries) => entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (at.to_string(), entry))
            .collect(),
        _ => Vec::new(),
    };
    for (name, member) in members {
        let place = Place {
            parent: parent.to_owned(),
            name,
        };
        collect(member, &place.pointer(), found);
        found.push(place);
    }
}

/// The answer in other shapes that no reader may take for a success: cut short, inside an array, an array of its values.
pub fn misshapen(answer: &str) -> Vec<String> {
    let answer = answer.trim();
    let document: Value = serde_json::from_str(answer).unwrap();
    let values: Vec<&Value> = document.as_object().unwrap().values().collect();
    let mut shapes = vec![
        format!("[{answer}]"),
        format!("{answer}}}"),
        format!("{answer}{answer}"),
    ];
    shapes.push(serde_json::to_string(&values).unwrap());
    shapes.extend((0..answer.len()).filter_map(|end| answer.get(..end)).map(str::to_owned));
    shapes
}

/// The answer with one change in each. A reader may read such a body, if what it reads is sound.
pub fn mutants(answer: &str) -> Vec<Vec<u8>> {
    let document: Value = serde_json::from_str(answer).unwrap();
    let mut bodies = Vec::new();
    for place in places(&document) {
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut mutant = document.clone();
            change(&mut mutant);
            mutant.to_string().into_bytes()
        };
        bodies.push(changed(&|mutant| place.remove(mutant)));
        for value in substitutes() {
            bodies.push(changed(&|mutant| place.replace(mutant, value.clone())));
        }
    }
    let text = answer.as_bytes();
    for (at, bit) in (0..text.len()).zip((0..8).cycle()) {
        let mut flipped = text.to_vec();
        flipped[at] ^= 1 << bit;
        bodies.push(flipped);
    }
    // No JSON, below a name that the partner may have from a caller.
    for (at, _) in answer.match_indices('{') {
        let (before, after) = answer.split_at(at + 1);
        bodies.push(format!("{before}\"{CANARY}\":oops,{after}").into_bytes());
    }
    // A member that no reader knows, deeper than any reader would follow.
    let deep = format!("{{\"unknown\":{}{},", "[".repeat(100_000), "]".repeat(100_000));
    bodies.push(answer.replacen('{', &deep, 1).into_bytes());
    bodies
}

fn substitutes() -> [Value; 17] {
    [
        json!(null),
        json!(true),
        json!(false),
        json!(""),
        json!(CANARY),
        json!(CANARY.repeat(10_000)),
        json!([]),
        json!([[]]),
        json!({}),
        json!({ CANARY: CANARY }),
        json!(0),
        json!(1),
        json!(-1),
        json!(0.001),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
    ]
}
