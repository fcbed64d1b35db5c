//! Routes of the template, the API document and the functions are the same.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::declared;
use crate::openapi::document;
use crate::template::functions;

#[test]
fn the_template_routes_what_the_document_lists() {
    let routed: BTreeSet<(String, String)> = functions().into_iter().flat_map(|function| function.routes).collect();
    let document = document();
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
    let document = document();
    for function in functions() {
        for (method, path) in function.routes.iter().filter(|(method, _)| !method.is_empty()) {
            let id = document["paths"][path][method]["operationId"].as_str().unwrap();
            assert!(id.starts_with(&function.binary), "{id} of {}", function.binary);
        }
    }
}

#[test]
fn the_document_describes_the_declared_callers() {
    let (document, declared) = (document(), declared::functions());
    for function in functions() {
        let routes = function.routes.iter().filter(|(method, _)| !method.is_empty());
        for (method, path) in routes {
            let name = format!("{method} {path}");
            let declared = declared.iter().find(|declared| declared.name == function.binary);
            let declared = declared.unwrap().http.as_ref().unwrap();
            let operation = &document["paths"][path][method];
            let security = operation["security"][0].as_object();
            let scheme = security.and_then(|security| security.keys().next().map(String::as_str));
            assert_eq!(scheme, declared.scheme, "{name}");
            let headers = operation["parameters"].as_array().into_iter().flatten();
            let idempotent = headers.filter(|header| header["name"] == "Idempotency-Key").count();
            assert_eq!(idempotent, usize::from(declared.is_idempotent), "{name}");
            let forbidden = description(&document, &operation["responses"]["403"]);
            match declared.role {
                Some(role) => {
                    let forbidden = forbidden.unwrap_or_else(|| panic!("{name} has no 403"));
                    assert!(forbidden.contains(&format!("the role `{role}`")), "{name}: {forbidden}");
                }
                None => assert!(
                    !forbidden.is_some_and(|text| text.contains("role")),
                    "{name}: {forbidden:?}"
                ),
            }
        }
    }
}

/// `7` and `007` are one number, and an id has several spellings: their idempotency keys are one too.
#[test]
fn a_key_belongs_to_the_value_of_a_typed_path_parameter() {
    let (document, declared) = (document(), declared::functions());
    let mut typed = 0;
    for function in functions() {
        let http = declared.iter().find(|declared| declared.name == function.binary);
        let Some(http) = http
            .and_then(|declared| declared.http.as_ref())
            .filter(|http| http.is_idempotent)
        else {
            continue;
        };
        for (method, path) in &function.routes {
            let parameters = document["paths"][path][method]["parameters"]
                .as_array()
                .into_iter()
                .flatten();
            let of_path = parameters.filter(|parameter| parameter["in"] == "path");
            for parameter in of_path.filter(|parameter| !is_plain_text(&document, &parameter["schema"])) {
                let name = parameter["name"].as_str().unwrap();
                assert!(
                    http.path_types.contains(&name),
                    "{method} {path} has no type for {name}"
                );
                typed += 1;
            }
        }
    }
    assert!(typed >= 4, "{typed}");
}

fn is_plain_text(document: &Value, schema: &Value) -> bool {
    let named = schema["$ref"]
        .as_str()
        .and_then(|name| document.pointer(name.strip_prefix('#')?));
    let schema = named.unwrap_or(schema);
    schema["type"] == "string" && schema["format"].is_null()
}

/// The description of a response, which may be a reference to a shared one.
fn description<'a>(document: &'a Value, response: &'a Value) -> Option<&'a str> {
    let shared = response["$ref"]
        .as_str()
        .and_then(|name| document.pointer(name.strip_prefix('#')?));
    shared.unwrap_or(response)["description"].as_str()
}
