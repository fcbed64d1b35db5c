//! What the hub sends: one webhook for each type of event, and the order of a product that is fulfilled by callback.

use model::event::EventType;
use serde_json::{Value, json};

/// A group of their own: openapi-generator makes a file for each group of the webhooks and writes over that of the operations.
pub const TAG: &str = "Sent webhooks";
const SIGNATURE: &str = "\n\nThe hub signs the request as [Standard Webhooks](https://www.standardwebhooks.com) defines. \
    `webhook-signature` is `v1,` and the base64 of the HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<raw body>`. The key \
    is the secret after `whsec_`, decoded from base64. Verify it over the raw bytes, before the body is parsed.";

pub fn add(document: &mut Value) {
    let payload = document["components"]["schemas"]
        .as_object_mut()
        .unwrap()
        .remove("EventPayload")
        .unwrap();
    for (subject, data) in [
        ("Quote", "QuoteEventData"),
        ("Proposal", "ProposalEventData"),
        ("Case", "CaseEventData"),
    ] {
        let mut event = payload.clone();
        event["description"] = json!(format!("An event about a {}.", subject.to_lowercase()));
        event["properties"]["data"] = json!({
            "allOf": [{"$ref": format!("#/components/schemas/{data}")}],
            "description": "The subject of the event, in ids, names and states. No personal data.",
        });
        document["components"]["schemas"][format!("{subject}Event")] = event;
    }
    for kind in EventType::ALL {
        document["webhooks"][kind.as_str()] = json!({"post": sent(event(kind))});
    }
    document["webhooks"]["order.placed"] = json!({"post": sent(order())});
}

/// openapi-generator makes methods of a client that do not compile from what it is not told to leave out.
fn sent(mut operation: Value) -> Value {
    operation["x-internal"] = json!(true);
    operation
}

/// What has happened, and who says so.
fn words(kind: EventType) -> (&'static str, &'static str) {
    match kind {
        EventType::QuoteGenerated => ("A quote has a price.", "QuoteEvent"),
        EventType::QuoteFailed => ("A quote has failed: `code` says why.", "QuoteEvent"),
        EventType::QuoteExpired => ("The price of a quote has expired.", "QuoteEvent"),
        EventType::ProposalSubmitted => ("The funder has a proposal.", "ProposalEvent"),
        EventType::ProposalReferred => ("The funder referred a proposal: a person decides.", "ProposalEvent"),
        EventType::ProposalApproved => ("The funder approved a proposal.", "ProposalEvent"),
        EventType::ProposalDeclined => ("The funder declined a proposal.", "ProposalEvent"),
        EventType::ProposalFailed => (
            "A proposal did not reach its funder: `code` says why. Its quote can be used again.",
            "ProposalEvent",
        ),
        EventType::CaseHeld => (
            "A change of a case is held on its way to the upstream BQS: `reason` says why. The case's later changes wait.",
            "CaseEvent",
        ),
        EventType::CaseResumed => (
            "A case resumes: an operator decided its held change, or the document of the change was scanned.",
            "CaseEvent",
        ),
    }
}

fn event(kind: EventType) -> Value {
    let (summary, schema) = words(kind);
    let name = kind.as_str();
    json!({
        "operationId": format!("event-{}", name.replace('.', "-")),
        "tags": [TAG],
        "summary": summary,
        "description": format!(
            "The hub posts the event to every subscription to `{name}`. Any 2xx within 10 seconds acknowledges it; \
             otherwise the hub retries, ten times in three days. An event may arrive twice, with the same `webhook-id`, \
             and events may arrive out of order.{SIGNATURE}"
        ),
        "security": [],
        "parameters": headers("The delivery's id, the same in every attempt"),
        "requestBody": body(schema),
        "responses": {
            "200": {"description": "Acknowledged, like every 2xx. The hub does not read the body"},
            "410": {"description": "Ends the subscription"},
            "default": {"description": "Not acknowledged. The hub retries the delivery, not before `Retry-After`"},
        },
    })
}

fn order() -> Value {
    json!({
        "operationId": "event-order-placed",
        "tags": [TAG],
        "summary": "An order of a product that is fulfilled by callback.",
        "description": format!(
            "The hub posts the order to the `url` of the product, and reports the response to MMOB. The user waits for up to a \
             minute, and the hub for up to 4 seconds. The hub may call again with the same `webhook-id`: the provider repeats \
             its response and does nothing else.{SIGNATURE}"
        ),
        "security": [],
        "parameters": headers("The same in every call about this round of the order"),
        "requestBody": body("OrderEvent"),
        "responses": {
            "200": {
                "description": "The decision",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderOutcome"}}},
            },
            "503": {"description": "The hub calls again, like after 408, 425, 429 and every other 5xx"},
            "default": {"description": "The order waits for an operator"},
        },
    })
}

fn body(schema: &str) -> Value {
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn headers(id: &str) -> Value {
    let header = |name: &str, description: &str, schema: Value, example: Value| {
        json!({
            "name": name, "in": "header", "required": true, "description": description, "schema": schema,
            "example": example,
        })
    };
    let text = json!({"type": "string"});
    json!([
        header(
            "webhook-id",
            id,
            text.clone(),
            json!("0190d5a0-0000-7000-8000-00000000000d")
        ),
        header(
            "webhook-timestamp",
            "When the hub sent this attempt, in seconds since the epoch. Refuse a request that is more than five minutes old",
            json!({"type": "integer", "format": "int64"}),
            json!(1_767_608_400),
        ),
        header(
            "webhook-signature",
            "`v1,` and the signature in base64",
            text,
            json!("v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
        ),
    ])
}
