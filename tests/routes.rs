//! The template routes exactly what the handlers describe.

use std::collections::BTreeSet;

use crate::openapi;
use crate::template::functions;

#[test]
fn the_template_routes_what_the_document_lists() {
    let routed: BTreeSet<(String, String)> = functions().into_iter().flat_map(|function| function.routes).collect();
    let document: serde_json::Value = serde_json::from_str(&openapi::document().to_json().unwrap()).unwrap();
    let mut described: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        described.extend(
            methods
                .as_object()
                .unwrap()
                .keys()
                .map(|method| (method.clone(), path.clone())),
        );
    }
    described.insert((String::new(), "$default".into()));
    assert_eq!(routed, described);
}

#[test]
fn an_operation_is_named_after_its_function() {
    let document: serde_json::Value = serde_json::from_str(&openapi::document().to_json().unwrap()).unwrap();
    for function in functions() {
        for (method, path) in function.routes.iter().filter(|(method, _)| !method.is_empty()) {
            let id = document["paths"][path][method]["operationId"].as_str().unwrap();
            assert!(id.starts_with(&function.binary), "{id} of {}", function.binary);
        }
    }
}
