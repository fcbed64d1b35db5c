//! The files of the collection: a folder for each tag of the document, with one request for each operation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::bru;
use super::document::{Document, Operation, example, text};
use super::request::{self, Request, plain};

/// The order of a folder: what is made is there to be read, and is deleted last.
const METHODS: [&str; 5] = ["post", "put", "patch", "get", "delete"];

/// Their texts, by their paths in the collection's folder.
pub fn files(document: &Document) -> BTreeMap<String, String> {
    let variables = variables(document);
    let mut files = BTreeMap::from([
        ("bruno.json".to_owned(), settings()),
        ("collection.bru".to_owned(), bru::COLLECTION.to_owned()),
        ("environments/local.bru".to_owned(), bru::environment(&variables)),
    ]);
    let results: BTreeSet<&str> = document
        .operations()
        .filter_map(|operation| Some(request::result(document, &operation)?.0))
        .collect();
    for (folder, (tag, description)) in (1..).zip(document.tags()) {
        let mut operations: Vec<Operation> = document.operations().filter(|one| one.tag() == tag).collect();
        if operations.is_empty() {
            // The document's webhooks are the hub's own requests.
            continue;
        }
        files.insert(format!("{tag}/folder.bru"), bru::folder(tag, description, folder));
        operations.sort_by_key(|one| (METHODS.iter().position(|method| *method == one.method), one.path));
        for (place, operation) in (1..).zip(&operations) {
            let request = Request::new(document, operation, &results);
            let file = format!("{tag}/{}.bru", operation.text("operationId"));
            files.insert(file, bru::request(&request, place));
        }
    }
    files
}

fn settings() -> String {
    let settings = json!({"version": "1", "name": "Trunkline", "type": "collection"});
    format!("{settings:#}\n")
}

/// The parameters of the paths, with their first examples. A request that makes such a thing sets the variable.
fn variables(document: &Document) -> BTreeMap<&str, String> {
    let mut variables = BTreeMap::new();
    for operation in document.operations() {
        for parameter in operation.parameters(document, "path") {
            let value = example(document, parameter).unwrap_or(&Value::Null);
            variables.entry(text(parameter, "name")).or_insert_with(|| plain(value));
        }
    }
    variables
}
