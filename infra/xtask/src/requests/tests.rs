use serde_json::json;

use super::collection;
use super::document::Document;
use super::failure;

fn document() -> Document {
    let answer = json!({"201": {
        "description": "Made",
        "content": {"application/json": {"example": {"data": {"id": "7"}}}},
    }, "409": {"description": "Made before"}});
    let path = json!([{"name": "quoteId", "in": "path", "required": true, "example": "1"}]);
    let named = json!({"one": {"$ref": "#/components/examples/Proposal"}});
    Document::new(json!({
        "tags": [{"name": "Quotes", "description": "Prices."}, {"name": "Proposals", "description": "Applications."}],
        "components": {
            "responses": {"Forbidden": {"description": "The caller lacks the role `staff`"}},
            "examples": {"Proposal": {"value": {"quoteId": "1", "note": "quoteId"}}},
        },
        "paths": {
            "/quotes/{quoteId}": {"get": {
                "operationId": "quote-get", "tags": ["Quotes"], "parameters": path, "security": [{"bearer": []}],
                "responses": {"200": {"description": "It"}, "403": {"$ref": "#/components/responses/Forbidden"}, "404": {"description": "None"}},
            }},
            "/quotes/generate": {"post": {
                "operationId": "quote-generate", "tags": ["Quotes"], "summary": "Makes a quote.", "description": "At once.",
                "parameters": [
                    {"name": "limit", "in": "query", "required": true, "example": 5},
                    {"name": "Idempotency-Key", "in": "header"},
                    {"name": "x-correlation-id", "in": "header"},
                ],
                "security": [{"bearer": []}], "responses": answer,
            }},
            "/proposals": {"post": {
                "operationId": "proposal-make", "tags": ["Proposals"],
                "requestBody": {"content": {"application/json": {"examples": named}}},
                "security": [{"apiKey": ["admin"]}],
                "responses": {"2XX": {"description": "Sent"}, "404": {"description": "No such quote"}},
            }},
            "/hook": {"post": {
                "operationId": "hook", "tags": ["Proposals"],
                "requestBody": {"content": {"multipart/form-data": {"example": {"name": "a b", "size": 3}}}},
                "responses": {"200": {"description": "Taken"}, "401": {"description": "Not signed"}},
            }},
        },
    }))
}

fn file(name: &str) -> String {
    collection::files(&document()).remove(name).unwrap()
}

#[test]
fn a_request_has_its_operations_examples_and_the_statuses_of_a_try() {
    let wanted = "\
meta {
  name: Makes a quote
  type: http
  seq: 1
}

post {
  url: {{HUB}}/quotes/generate?limit=5
  body: none
  auth: none
}

params:query {
  limit: 5
}

headers {
  ~Idempotency-Key: {{$guid}}
}

vars:pre-request {
  caller: CUSTOMER
}

vars:post-response {
  quoteId: res.body.data?.id
}

assert {
  res.status: in 201, 409
}

docs {
  At once.
}
";
    assert_eq!(file("Quotes/quote-generate.bru"), wanted);
}

#[test]
fn a_later_request_takes_the_id_of_what_an_earlier_one_made() {
    let got = file("Quotes/quote-get.bru");
    assert!(got.contains("  seq: 2\n"), "{got}");
    assert!(got.contains("params:path {\n  quoteId: {{quoteId}}\n}"), "{got}");
    assert!(got.contains("  res.status: in 200, 404\n"), "{got}");
    let body = "body:json {\n  {\n    \"note\": \"quoteId\",\n    \"quoteId\": \"{{quoteId}}\"\n  }\n}";
    let made = file("Proposals/proposal-make.bru");
    assert!(made.contains(body), "{made}");
    assert!(made.contains("  res.status: in 200\n"), "{made}");
    assert!(file("environments/local.bru").contains("  quoteId: 1\n"));
}

#[test]
fn a_request_names_a_caller_who_may_send_it() {
    assert!(file("Quotes/quote-get.bru").contains("  caller: STAFF\n"));
    assert!(file("Proposals/proposal-make.bru").contains("  caller: CHANNEL_ADMIN\n"));
    let hook = file("Proposals/hook.bru");
    assert!(!hook.contains("caller"), "{hook}");
    assert!(
        hook.contains("body:multipart-form {\n  name: a b\n  size: 3\n}"),
        "{hook}"
    );
    assert!(hook.contains("  res.status: in 200, 401\n"), "{hook}");
}

#[test]
fn folders_stand_in_the_order_of_the_documents_tags() {
    let folder = "meta {\n  name: Quotes\n  seq: 1\n}\n\ndocs {\n  Prices.\n}\n";
    assert_eq!(file("Quotes/folder.bru"), folder);
    assert!(file("Proposals/folder.bru").contains("  seq: 2\n"));
}

#[test]
fn a_response_of_another_status_is_a_failure_and_so_is_none() {
    let result = |status: &str, got: u16| {
        json!({
            "path": "Quotes/quote-get", "status": "pass", "error": null,
            "request": {"method": "GET", "url": "http://hub/quotes/1"},
            "response": {"status": got, "data": {"code": "X"}},
            "assertionResults": [{"status": status, "rhsOperand": "200, 404"}],
        })
    };
    assert_eq!(failure(&result("pass", 200)), None);
    let wrong = failure(&result("fail", 422)).unwrap();
    assert!(
        wrong.contains("Quotes/quote-get: GET http://hub/quotes/1 got 422 instead of 200, 404"),
        "{wrong}"
    );
    let unanswered = json!({"path": "Quotes/quote-get", "error": "connect ECONNREFUSED", "assertionResults": []});
    assert!(failure(&unanswered).unwrap().contains("ECONNREFUSED"));
}
