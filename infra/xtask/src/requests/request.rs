//! One request of the collection, made from an operation of the API document.

use std::collections::BTreeSet;

use serde_json::Value;

use super::callers::caller;
use super::document::{Document, Operation, example, text};

/// A header that every operation takes and no request needs.
const CORRELATION: &str = "x-correlation-id";
const KEY: &str = "Idempotency-Key";

pub struct Request<'a> {
    pub name: &'a str,
    pub method: &'a str,
    /// Below the base URL, with `:name` for a parameter.
    pub path: String,
    pub parameters: Vec<&'a str>,
    pub query: Vec<Field<'a>>,
    pub headers: Vec<Field<'a>>,
    pub body: Option<Body>,
    pub caller: Option<&'static str>,
    /// A variable, and the member of the response that becomes its value.
    pub result: Option<(&'a str, String)>,
    pub statuses: Vec<&'a str>,
    pub description: &'a str,
}

pub struct Field<'a> {
    pub name: &'a str,
    pub value: String,
    /// Optional fields stand in the request and are switched off.
    pub is_sent: bool,
}

pub enum Body {
    Json(Value),
    Form(Vec<(String, String)>),
}

impl<'a> Request<'a> {
    pub fn new(document: &'a Document, operation: &Operation<'a>, results: &BTreeSet<&str>) -> Self {
        let fields = |place| {
            operation
                .parameters(document, place)
                .map(|parameter| field(document, parameter))
        };
        let summary = operation.text("summary").trim_end_matches('.');
        Self {
            name: if summary.is_empty() {
                operation.text("operationId")
            } else {
                summary
            },
            method: operation.method,
            path: operation.path.replace('{', ":").replace('}', ""),
            parameters: operation
                .parameters(document, "path")
                .map(|parameter| text(parameter, "name"))
                .collect(),
            query: fields("query").collect(),
            headers: fields("header").filter(|header| header.name != CORRELATION).collect(),
            body: operation
                .body(document)
                .map(|(media, example)| body(media, example, results)),
            caller: caller(document, operation),
            result: result(document, operation),
            statuses: statuses(document, operation),
            description: operation.text("description"),
        }
    }
}

fn field<'a>(document: &'a Document, parameter: &'a Value) -> Field<'a> {
    let name = text(parameter, "name");
    let value = if name == KEY {
        "{{$guid}}".to_owned()
    } else {
        plain(example(document, parameter).unwrap_or_default())
    };
    Field {
        name,
        value,
        is_sent: parameter.get("required") == Some(&Value::Bool(true)),
    }
}

/// The example, with the variable of an earlier request's result in place of an id.
fn body(media: &str, example: &Value, results: &BTreeSet<&str>) -> Body {
    let mut example = example.clone();
    for (name, value) in example.as_object_mut().into_iter().flatten() {
        if results.contains(name.as_str()) && value.is_string() {
            *value = format!("{{{{{name}}}}}").into();
        }
    }
    if media != "multipart/form-data" {
        return Body::Json(example);
    }
    let fields = example.as_object().into_iter().flatten();
    Body::Form(fields.map(|(name, value)| (name.clone(), plain(value))).collect())
}

/// What a POST makes is read at a path with one more parameter: its id, which the response has, becomes that variable.
pub fn result<'a>(document: &'a Document, operation: &Operation<'a>) -> Option<(&'a str, String)> {
    if operation.method != "post" || operation.path.ends_with('}') {
        return None;
    }
    let collection = operation.path.strip_suffix("/generate").unwrap_or(operation.path);
    let parameter = document.operations().find_map(|other| {
        let rest = other.path.strip_prefix(collection)?.strip_prefix("/{")?;
        rest.split('}').next()
    })?;
    let answer = operation.answer(document)?;
    let places = [("", parameter), ("/data", parameter), ("/data", "id"), ("", "id")];
    let (parent, member) = places
        .into_iter()
        .find(|(parent, member)| answer.pointer(&format!("{parent}/{member}")).is_some())?;
    Some((parameter, format!("res.body{}?.{member}", parent.replace('/', "."))))
}

/// The statuses that a try may get: every documented success, 404 for an id that the stack does not have, 409 for what was
/// made before, and 401 where a partner signs the request.
fn statuses<'a>(document: &'a Document, operation: &Operation<'a>) -> Vec<&'a str> {
    let may_get = |status: &str| match status {
        "404" => operation.path.contains('{'),
        "409" => operation.method == "post",
        "401" => operation.credentials().is_none(),
        _ => status.starts_with('2'),
    };
    let documented = operation.responses(document).map(|(status, _)| status);
    let listed = documented.filter(|status| may_get(status));
    listed
        .map(|status| if status == "2XX" { "200" } else { status })
        .collect()
}

/// A value as a line of text.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
